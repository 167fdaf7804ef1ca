import { html } from 'htm/preact'
import { useEffect, useRef } from 'preact/hooks'
import { LEVEL_MS } from '../state/level-history.js'
import { theme } from '../state/theme.js'
import { animation } from './animation.js'

const PITCH_PX = 5
const BAR_PX = 3
/** What a silent side is drawn as. */
const LEAST_PX = 1

/**
 * Both sides of a call as they move to the left: the caller above the line, the agent below. It is a picture for the
 * eye; what it shows is told in words elsewhere.
 *
 * @param {{ levels: () => import('../state/level-history.js').LevelHistory, moving?: boolean, class?: string }} props
 */
export function Waveform({ levels, moving = true, class: extra = '' }) {
  const ref = useRef(/** @type {HTMLCanvasElement | null} */ (null))
  const shown = theme.value
  useEffect(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (ref.current)
    const draw = createDrawing(canvas, levels)
    if (!moving) {
      draw(performance.now())
      return
    }
    return whileVisible(canvas, draw)
  }, [levels, moving, shown])
  return html`<canvas class=${`waveform ${extra}`} ref=${ref} aria-hidden="true"></canvas>`
}

/** @param {HTMLCanvasElement} canvas @param {(now: number) => void} draw */
function whileVisible(canvas, draw) {
  let stop = () => {}
  const observer = new IntersectionObserver((entries) => {
    stop()
    stop = entries.at(-1)?.isIntersecting ? animation.add(draw) : () => {}
  })
  observer.observe(canvas)
  return () => {
    stop()
    observer.disconnect()
  }
}

/** @param {HTMLCanvasElement} canvas @param {() => import('../state/level-history.js').LevelHistory} levels */
function createDrawing(canvas, levels) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'))
  const style = getComputedStyle(canvas)
  const colours = {
    caller: style.getPropertyValue('--caller'),
    agent: style.getPropertyValue('--agent'),
    line: style.getPropertyValue('--border')
  }
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches
  let width = 0
  let height = 0
  let scale = 0

  function fit() {
    if (width === canvas.clientWidth && height === canvas.clientHeight && scale === devicePixelRatio) return
    width = canvas.clientWidth
    height = canvas.clientHeight
    scale = devicePixelRatio
    canvas.width = width * scale
    canvas.height = height * scale
  }

  return (/** @type {number} */ now) => {
    fit()
    const history = levels()
    const progress = still ? 0 : Math.min(1, (now - history.at) / LEVEL_MS)
    context.setTransform(scale, 0, 0, scale, 0, 0)
    context.clearRect(0, 0, width, height)
    const middle = height / 2
    context.fillStyle = colours.line
    context.fillRect(0, middle - 0.5, width, 1)
    for (const side of /** @type {const} */ (['caller', 'agent'])) {
      context.fillStyle = colours[side]
      context.beginPath()
      for (let age = 0; ; age++) {
        const x = width - BAR_PX - (age - 1 + progress) * PITCH_PX
        if (x < -BAR_PX) break
        const size = Math.max(LEAST_PX, (history.level(side, age) / 99) * (middle - 2))
        if (side === 'caller') context.roundRect(x, middle - 1 - size, BAR_PX, size, [1.5, 1.5, 0, 0])
        else context.roundRect(x, middle + 1, BAR_PX, size, [0, 0, 1.5, 1.5])
      }
      context.fill()
    }
  }
}
