import { Playout } from './playout.js'
import { Resampler } from './resampler.js'
import { SampleQueue } from './sample-queue.js'

const FRAME_MS = 20
/** What is played is fetched in pieces of this, so that a mark is told at most as much too early. */
const BLOCK_MS = 2

/**
 * A telephone between microphone and loudspeaker, in the audio thread, where nothing that the page does makes it
 * stutter: frames of 20 ms go out at the call's rate, the agent's audio comes back in it.
 *
 * In: `{ rate }` as processorOptions; `{ media: Float32Array }`, `{ mark }`, `{ clear }`, `{ say: Float32Array }` at the
 * rate of the context, `{ muted }`. Out: `{ frame: Float32Array, agentLevel }` every 20 ms, `{ marks: string[] }`.
 */
class PhoneLine extends AudioWorkletProcessor {
  #playout = new Playout()
  #mouth = new SampleQueue()
  #muted = false
  #toCall
  #toEar
  #frame
  #framed = 0
  #block
  #ear = new SampleQueue()
  #agentPeak = 0

  /** @param {AudioWorkletNodeOptions} options */
  constructor(options) {
    super(options)
    const { rate } = options.processorOptions
    this.#toCall = new Resampler(sampleRate, rate)
    this.#toEar = new Resampler(rate, sampleRate)
    this.#frame = new Float32Array((rate * FRAME_MS) / 1000)
    this.#block = new Float32Array((rate * BLOCK_MS) / 1000)
    this.port.onmessage = ({ data }) => this.#take(data)
  }

  /** @param {any} message */
  #take(message) {
    if (message.media) this.#playout.enqueue(message.media)
    if (message.mark !== undefined) this.#playout.mark(message.mark)
    if (message.clear) this.#playout.clear()
    if (message.say) this.#mouth.push(message.say)
    if (message.muted !== undefined) this.#muted = message.muted
    this.#returnDueMarks()
  }

  /** @param {Float32Array[][]} inputs @param {Float32Array[][]} outputs */
  process(inputs, outputs) {
    const [ear] = outputs[0]
    this.#listen(inputs[0]?.[0], ear.length)
    while (this.#ear.length < ear.length) {
      this.#playout.play(this.#block)
      for (const sample of this.#block) this.#agentPeak = Math.max(this.#agentPeak, Math.abs(sample))
      this.#ear.push(this.#toEar.push(this.#block))
    }
    this.#ear.take(ear)
    for (const channel of outputs[0].slice(1)) channel.set(ear)
    this.#returnDueMarks()
    return true
  }

  /** What is typed comes before what the microphone hears; a muted caller is silent. @param {Float32Array | undefined} heard @param {number} length */
  #listen(heard, length) {
    const voice = new Float32Array(length)
    if (this.#mouth.length > 0) this.#mouth.take(voice)
    else if (heard && !this.#muted) voice.set(heard)
    for (const sample of this.#toCall.push(voice)) {
      this.#frame[this.#framed++] = sample
      if (this.#framed === this.#frame.length) this.#sendFrame()
    }
  }

  #sendFrame() {
    const frame = this.#frame.slice()
    this.#framed = 0
    this.port.postMessage({ frame, agentLevel: this.#agentPeak }, [frame.buffer])
    this.#agentPeak = 0
  }

  #returnDueMarks() {
    const marks = this.#playout.takeDueMarks()
    if (marks.length > 0) this.port.postMessage({ marks })
  }
}

registerProcessor('phone-line', PhoneLine)
