import { JitterBuffer } from './jitter-buffer.js'
import { Resampler } from './resampler.js'
import { SampleQueue } from './sample-queue.js'

const CALL_HZ = 8000
const BLOCK_SAMPLES = 16

/**
 * Plays both tracks of a live call on one clock, the caller as the first channel, the agent as the second.
 * In: `{ track: 'inbound' | 'outbound', timestamp, samples: Float32Array }` at 8 kHz, `timestamp` in ms.
 */
class LivePlayer extends AudioWorkletProcessor {
  #buffer = new JitterBuffer(CALL_HZ)
  #caller = this.#channel()
  #agent = this.#channel()

  constructor() {
    super()
    this.port.onmessage = ({ data }) => this.#buffer.push(data)
  }

  #channel() {
    return {
      block: new Float32Array(BLOCK_SAMPLES),
      resampler: new Resampler(CALL_HZ, sampleRate),
      queue: new SampleQueue()
    }
  }

  /** @param {Float32Array[][]} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, outputs) {
    const [callerOut, agentOut] = outputs[0]
    while (this.#caller.queue.length < callerOut.length) {
      this.#buffer.read(this.#caller.block, this.#agent.block)
      for (const { queue, resampler, block } of [this.#caller, this.#agent]) queue.push(resampler.push(block))
    }
    this.#caller.queue.take(callerOut)
    this.#agent.queue.take(agentOut)
    return true
  }
}

registerProcessor('live-player', LivePlayer)
