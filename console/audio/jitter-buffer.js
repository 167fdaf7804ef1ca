/** Frames come in bunches, and over the internet later at times; what is played is this old. */
const DELAY_MS = 160
/** Further behind than this, what lies between is skipped: a listener wants to hear the call as it is now. */
const LATEST_MS = 700
const KEPT_MS = 4000

/** Both tracks of a live call in order, on the clock of their timestamps, however unevenly they come. */
export class JitterBuffer {
  #rate
  #tracks
  /** The next sample to be played, since the call's first frame; null before the first frame, and when dry. @type {number | null} */
  #at = null
  /** The end of what has come. */
  #end = 0

  /** @param {number} rateHz */
  constructor(rateHz) {
    this.#rate = rateHz
    const size = (KEPT_MS * rateHz) / 1000
    this.#tracks = { inbound: new Float32Array(size), outbound: new Float32Array(size) }
  }

  /** @param {{ track: 'inbound' | 'outbound', timestamp: number, samples: Float32Array }} frame timestamp in ms */
  push({ track, timestamp, samples }) {
    const ring = this.#tracks[track]
    const start = Math.round((timestamp * this.#rate) / 1000)
    if (samples.length > ring.length) return
    if (this.#at === null) this.#at = start - this.#samples(DELAY_MS)
    // What is played already is late: it would be heard a round of the ring later.
    for (let i = Math.max(0, this.#at - start); i < samples.length; i++)
      ring[(start + i) % ring.length] = samples[i]
    this.#end = Math.max(this.#end, start + samples.length)
    if (this.#end - this.#at > this.#samples(LATEST_MS)) this.#skipTo(this.#end - this.#samples(DELAY_MS))
  }

  /** Fills both with what is played next, silence where nothing has come. @param {Float32Array} caller @param {Float32Array} agent */
  read(caller, agent) {
    caller.fill(0)
    agent.fill(0)
    if (this.#at === null) return
    if (this.#at >= this.#end) {
      this.#at = null
      return
    }
    this.#take(this.#tracks.inbound, caller)
    this.#take(this.#tracks.outbound, agent)
    this.#at += caller.length
  }

  /** @param {Float32Array} ring @param {Float32Array} block */
  #take(ring, block) {
    const at = /** @type {number} */ (this.#at)
    for (let i = Math.max(0, -at); i < block.length; i++) {
      const place = (at + i) % ring.length
      block[i] = ring[place]
      ring[place] = 0
    }
  }

  /** @param {number} at */
  #skipTo(at) {
    const from = Math.max(0, /** @type {number} */ (this.#at))
    for (const ring of Object.values(this.#tracks)) {
      for (let i = from; i < at; i++) ring[i % ring.length] = 0
    }
    this.#at = at
  }

  /** @param {number} ms */
  #samples(ms) {
    return (ms * this.#rate) / 1000
  }
}
