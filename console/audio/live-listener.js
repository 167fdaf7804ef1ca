import { decodeMulaw } from './g711.js'
import { fromBase64 } from './wire-codec.js'

const WORKLET = new URL('./live-player.worklet.js', import.meta.url)
/** Caller and agent a little apart, as two people in a room are. */
const APART = 0.35

/** @typedef {'caller' | 'agent' | 'both'} Side */

/** Hears one live call. */
export class LiveListener {
  #context = new AudioContext({ latencyHint: 'interactive' })
  #volume
  #sides
  /** @type {WebSocket | null} */
  #socket = null
  #closed = false

  /** @param {{ side: Side, volume: number }} options volume from 0 to 1 */
  constructor({ side, volume }) {
    this.#volume = new GainNode(this.#context, { gain: volume })
    this.#volume.connect(this.#context.destination)
    this.#sides = { caller: this.#branch(-APART), agent: this.#branch(APART) }
    this.choose(side)
  }

  /**
   * Begins to listen; in the handler of a click, since browsers play nothing before one.
   *
   * @param {object} options
   * @param {string} options.callId
   * @param {string} options.token of the operator
   * @param {string} options.operatorName for the record of the call; empty: none
   * @param {() => void} options.onEnd the call is over, or listening broke off
   */
  async open({ callId, token, operatorName, onEnd }) {
    await this.#context.audioWorklet.addModule(WORKLET)
    await this.#context.resume()
    if (this.#closed) return
    const player = new AudioWorkletNode(this.#context, 'live-player', {
      numberOfInputs: 0,
      outputChannelCount: [2]
    })
    const splitter = new ChannelSplitterNode(this.#context, { numberOfOutputs: 2 })
    player.connect(splitter)
    splitter.connect(this.#sides.caller, 0)
    splitter.connect(this.#sides.agent, 1)
    this.#socket = openSocket({ callId, token, operatorName })
    this.#socket.addEventListener('message', ({ data }) => {
      const frame = JSON.parse(data)
      if (frame.event === 'stop') onEnd()
      if (frame.event !== 'media') return
      const { track, timestamp, payload } = frame.media
      const samples = decodeMulaw(fromBase64(payload))
      player.port.postMessage({ track, timestamp, samples }, [samples.buffer])
    })
    this.#socket.addEventListener('close', () => {
      if (!this.#closed) onEnd()
    })
  }

  /** Whom to hear. @param {Side} side */
  choose(side) {
    this.#fade(this.#sides.caller, side === 'agent' ? 0 : 1)
    this.#fade(this.#sides.agent, side === 'caller' ? 0 : 1)
  }

  /** @param {number} volume from 0 to 1 */
  set volume(volume) {
    this.#fade(this.#volume, volume)
  }

  close() {
    if (this.#closed) return
    this.#closed = true
    this.#socket?.close()
    this.#context.close().catch(() => undefined)
  }

  /** @param {number} pan */
  #branch(pan) {
    const gain = new GainNode(this.#context)
    gain.connect(new StereoPannerNode(this.#context, { pan })).connect(this.#volume)
    return gain
  }

  /** Without a click. @param {GainNode} node @param {number} value */
  #fade(node, value) {
    node.gain.setTargetAtTime(value, this.#context.currentTime, 0.015)
  }
}

/** @param {{ callId: string, token: string, operatorName: string }} options */
function openSocket({ callId, token, operatorName }) {
  const url = new URL('/frontend-audio', location.href)
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  url.search = new URLSearchParams({
    call_id: callId,
    track: 'both',
    operator: operatorName,
    token
  }).toString()
  return new WebSocket(url)
}
