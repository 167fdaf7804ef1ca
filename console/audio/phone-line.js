const WORKLET = new URL('./phone-line.worklet.js', import.meta.url)

/**
 * Microphone and loudspeaker of a call. `frame` is called every 20 ms, with or without a microphone; `marks` when
 * audio up to these marks was played.
 */
export class PhoneLine {
  #context
  #node
  /** @type {MediaStream | null} */
  #microphone = null

  /** @param {AudioContext} context @param {AudioWorkletNode} node */
  constructor(context, node) {
    this.#context = context
    this.#node = node
  }

  /**
   * Opens the line; in the handler of a click, since browsers play nothing before one.
   *
   * @param {object} options
   * @param {number} options.rate of the call, Hz
   * @param {MediaStream | null} options.microphone closed with the line; null: the caller types
   * @param {(frame: Float32Array, agentPeak: number) => void} options.onFrame
   * @param {(names: string[]) => void} options.onMarks
   */
  static async open({ rate, microphone, onFrame, onMarks }) {
    const context = new AudioContext({ latencyHint: 'interactive' })
    await context.audioWorklet.addModule(WORKLET)
    const node = new AudioWorkletNode(context, 'phone-line', {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      outputChannelCount: [2],
      processorOptions: { rate }
    })
    node.port.onmessage = ({ data }) => {
      if (data.frame) onFrame(data.frame, data.agentLevel)
      else onMarks(data.marks)
    }
    node.connect(context.destination)
    const line = new PhoneLine(context, node)
    if (microphone) line.#use(microphone)
    await context.resume()
    return line
  }

  /** @param {MediaStream} microphone */
  #use(microphone) {
    this.#microphone = microphone
    this.#context.createMediaStreamSource(microphone).connect(this.#node)
  }

  /** Plays this after what waits to be played. @param {Float32Array} media at the rate of the call */
  play(media) {
    this.#node.port.postMessage({ media }, [media.buffer])
  }

  /** @param {string} name */
  mark(name) {
    this.#node.port.postMessage({ mark: name })
  }

  /** What was not played yet is not played at all. */
  clear() {
    this.#node.port.postMessage({ clear: true })
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.#node.port.postMessage({ muted })
  }

  /** Says a sound file in the caller's place. @param {ArrayBuffer} file */
  async say(file) {
    const audio = await this.#context.decodeAudioData(file)
    const say = audio.getChannelData(0).slice()
    this.#node.port.postMessage({ say }, [say.buffer])
  }

  close() {
    for (const track of this.#microphone?.getTracks() ?? []) track.stop()
    this.#node.port.onmessage = null
    this.#node.disconnect()
    this.#context.close().catch(() => undefined)
  }
}
