import { html } from 'htm/preact'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { stylesheet } from '../shell/stylesheet.js'
import { language, t } from '../state/language.js'
import { theme } from '../state/theme.js'

const HEIGHT_PX = 240
const WHOLE_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 100_000]

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {string} colour name of a custom property, `--agent`
 * @property {(number | null)[]} values
 * @property {'line' | 'bars'} [kind] default: line
 */

/**
 * Values over time. What it shows is told in a table too; for screen readers it is a picture with a name.
 *
 * @param {object} props
 * @param {string} props.label
 * @param {readonly number[]} props.times epoch seconds
 * @param {readonly Series[]} props.series
 * @param {(value: number) => string} props.format of a value
 * @param {(time: number) => string} props.formatTime of an instant, epoch seconds
 * @param {boolean} [props.bars] whether each value stands for a span of time that begins at its instant
 * @param {number} [props.from] epoch seconds: where the axis begins, to end now; default: as far as there are values
 * @param {number} [props.height] px
 * @param {boolean} [props.whole] whether values are counts
 * @param {boolean} [props.plain] whether there is room for the curve alone
 */
export function Chart({
  label,
  times,
  series,
  format,
  formatTime,
  bars = false,
  from,
  height = HEIGHT_PX,
  whole = false,
  plain = false
}) {
  const ref = useRef(/** @type {HTMLElement | null} */ (null))
  const plot = useRef(/** @type {uPlot | null} */ (null))
  const data = useRef(/** @type {uPlot.AlignedData} */ ([[]]))
  data.current = /** @type {any} */ ([times, ...series.map(({ values }) => values)])
  const lines = series.map((one) => `${one.label} ${one.colour} ${one.kind}`).join()
  const look = [theme.value, language.value, label, lines].join()
  useEffect(() => {
    const place = /** @type {HTMLElement} */ (ref.current)
    let wanted = true
    stylesheet('/vendor/uplot.css').then(() => {
      if (!wanted) return
      const options = optionsOf(place, { series, format, formatTime, bars, from, height, whole, plain })
      plot.current = new uPlot(options, data.current, place)
    })
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: place.clientWidth, height }))
    observer.observe(place)
    return () => {
      wanted = false
      observer.disconnect()
      plot.current?.destroy()
      plot.current = null
    }
  }, [look, bars, from, height, whole, plain])
  // New values of the same lines are drawn into the chart that is there.
  useEffect(() => plot.current?.setData(data.current), [times, series])
  return html`<div class="chart" ref=${ref} role="img" aria-label=${label} style=${{ minHeight: `${height}px` }}></div>`
}

/**
 * @param {HTMLElement} place
 * @param {{ series: readonly Series[], format: (value: number) => string, formatTime: (time: number) => string, bars: boolean, from: number | undefined, height: number, whole: boolean, plain: boolean }} chart
 * @returns {uPlot.Options}
 */
function optionsOf(place, { series, format, formatTime, bars, from, height, whole, plain }) {
  const style = getComputedStyle(place)
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim()
  const font = `12px ${style.fontFamily}`
  const axis = {
    stroke: colour('--text-muted'),
    font,
    grid: { stroke: colour('--border'), width: 1 },
    ticks: { show: false }
  }
  return {
    width: place.clientWidth,
    height,
    legend: { show: !plain },
    cursor: { show: !plain, y: false, points: { size: 7 }, drag: { x: false, y: false } },
    // Days are the server's, which are those of UTC.
    tzDate: (time) => uPlot.tzDate(new Date(time * 1000), 'Etc/UTC'),
    scales: {
      x: rangeOf(bars, from),
      y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.12 : 1] }
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        values: (_plot, splits) => splits.map(formatTime),
        space: 80,
        show: !plain
      },
      {
        ...axis,
        values: (_plot, splits) => splits.map(format),
        size: plain ? 52 : 64,
        space: 34,
        incrs: whole ? WHOLE_STEPS : undefined
      }
    ],
    series: [
      { value: (_plot, time) => (time === null ? '–' : formatTime(time)), label: t('chart.time') },
      ...series.map(({ label, colour: name, kind = bars ? 'bars' : 'line' }) => ({
        label,
        stroke: colour(name),
        width: kind === 'bars' ? 0 : 2,
        fill: kind === 'bars' ? colour(name) : undefined,
        points: { show: kind === 'line' && !plain ? undefined : false, size: 5 },
        spanGaps: true,
        paths: kind === 'bars' ? barPaths() : undefined,
        value: (/** @type {unknown} */ _plot, /** @type {number | null} */ value) =>
          value === null ? '–' : format(value)
      }))
    ]
  }
}

/** @param {boolean} bars @param {number | undefined} from @returns {uPlot.Scale} */
function rangeOf(bars, from) {
  if (bars) return { range: withMargins }
  return from === undefined ? {} : { range: () => [from, Date.now() / 1000] }
}

/** Half a bar more at both ends. @param {uPlot} plot @param {number} first @param {number} last */
function withMargins(plot, first, last) {
  const { length } = plot.data[0]
  const half = length > 1 ? (last - first) / (length - 1) / 2 : 43_200
  return /** @type {[number, number]} */ ([first - half, last + half])
}

function barPaths() {
  return uPlot.paths.bars?.({ size: [0.66, 48], radius: 0.15 })
}
