import { html } from 'htm/preact'
import { useEffect, useRef } from 'preact/hooks'
import { clockTime } from '../../format/time.js'
import { t } from '../../state/language.js'
import { theme } from '../../state/theme.js'

const PITCH_PX = 3
const BAR_PX = 2
/** How far an arrow key goes, in seconds. */
const STEP_SECONDS = 5

/**
 * A recording as a picture: the caller above, the agent below, each turn a band, and how far it has been played. It is
 * moved with the pointer and with the arrow keys.
 *
 * @param {object} props
 * @param {import('./recording.js').Recording} props.recording
 * @param {readonly import('./exchanges.js').Exchange[]} props.exchanges
 * @param {number} props.startedAt epoch ms of its first sample
 * @param {import('./player.js').Player} props.player
 */
export function RecordingWaveform({ recording, exchanges, startedAt, player }) {
  const ref = useRef(/** @type {HTMLCanvasElement | null} */ (null))
  const shown = theme.value
  useEffect(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (ref.current)
    const draw = createDrawing(canvas, { recording, exchanges, startedAt })
    const stop = player.position.subscribe((position) => draw(position))
    const observer = new ResizeObserver(() => draw(player.position.value))
    observer.observe(canvas)
    return () => {
      stop()
      observer.disconnect()
    }
  }, [recording, exchanges, startedAt, player, shown])

  const seek = (/** @type {PointerEvent} */ event) => {
    const canvas = /** @type {HTMLCanvasElement} */ (ref.current)
    const { left, width } = canvas.getBoundingClientRect()
    player.seek(((event.clientX - left) / width) * recording.seconds)
  }
  return html`<canvas
    class="recording-waveform"
    ref=${ref}
    role="slider"
    tabindex="0"
    aria-label=${t('calls.position')}
    aria-valuemin="0"
    aria-valuemax=${Math.round(recording.seconds)}
    aria-valuenow=${Math.round(player.position.value)}
    aria-valuetext=${clockTime(player.position.value)}
    onPointerDown=${(/** @type {PointerEvent} */ event) => {
      ref.current?.setPointerCapture(event.pointerId)
      seek(event)
    }}
    onPointerMove=${(/** @type {PointerEvent} */ event) => event.buttons > 0 && seek(event)}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => steer(event, player, recording.seconds)}
  ></canvas>`
}

/** @param {KeyboardEvent} event @param {import('./player.js').Player} player @param {number} seconds */
function steer(event, player, seconds) {
  const position = player.position.value
  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowLeft: () => player.seek(position - STEP_SECONDS),
    ArrowRight: () => player.seek(position + STEP_SECONDS),
    Home: () => player.seek(0),
    End: () => player.seek(seconds),
    ' ': () => player.toggle()
  }
  const act = keys[event.key]
  if (!act) return
  event.preventDefault()
  act()
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{ recording: import('./recording.js').Recording, exchanges: readonly import('./exchanges.js').Exchange[], startedAt: number }} scene
 */
function createDrawing(canvas, { recording, exchanges, startedAt }) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'))
  const style = getComputedStyle(canvas)
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name)

  /** @param {'caller' | 'agent'} side @param {number} height */
  function band(side, height) {
    context.fillStyle = colour(`--${side}-soft`)
    for (const exchange of exchanges) {
      const turn = exchange[side]
      if (!turn) continue
      const x = ((turn.from - startedAt) / 1000 / recording.seconds) * canvas.clientWidth
      const width = Math.max(2, ((turn.to - turn.from) / 1000 / recording.seconds) * canvas.clientWidth)
      context.beginPath()
      context.roundRect(x, side === 'caller' ? 0 : height / 2, width, height / 2, 4)
      context.fill()
    }
  }

  /** @param {'caller' | 'agent'} side @param {number} height @param {number} played px */
  function bars(side, height, played) {
    const peaks = recording[side]
    const middle = side === 'caller' ? height / 4 : (height * 3) / 4
    const count = Math.floor(canvas.clientWidth / PITCH_PX)
    context.fillStyle = colour(`--${side}`)
    for (let index = 0; index < count; index++) {
      const size = Math.max(1, loudest(peaks, index / count, (index + 1) / count) * (height / 2 - 8))
      context.globalAlpha = index * PITCH_PX < played ? 1 : 0.45
      context.fillRect(index * PITCH_PX, middle - size / 2, BAR_PX, size)
    }
    context.globalAlpha = 1
  }

  return (/** @type {number} */ position) => {
    const { clientWidth: width, clientHeight: height } = canvas
    canvas.width = width * devicePixelRatio
    canvas.height = height * devicePixelRatio
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
    const played = (position / Math.max(0.001, recording.seconds)) * width
    for (const side of /** @type {const} */ (['caller', 'agent'])) {
      band(side, height)
      bars(side, height, played)
    }
    context.fillStyle = colour('--text')
    context.fillRect(Math.min(width - 2, played), 0, 2, height)
  }
}

/** Between two places, 0 to 1. A quiet voice is drawn higher than it is, so that it is seen. @param {Float32Array} peaks @param {number} from @param {number} to */
function loudest(peaks, from, to) {
  let peak = 0
  for (
    let bin = Math.floor(from * peaks.length);
    bin < Math.max(to * peaks.length, from * peaks.length + 1);
    bin++
  )
    peak = Math.max(peak, peaks[bin] ?? 0)
  return Math.min(1, peak ** 0.7)
}
