/** Ten a second: a little more than a card of the wall has room for. */
const KEPT = 128
/** Between two levels, ms. */
export const LEVEL_MS = 100
/** Levels below are noise of the line, not somebody who speaks. */
const SPEECH_LEVEL = 16
/** A pause between two words does not give the floor away; levels. */
const PAUSE_LEVELS = 6

/** @typedef {'caller' | 'agent' | 'both' | 'nobody'} Floor */

/** How loud both sides of a call were, lately. */
export class LevelHistory {
  #caller = new Uint8Array(KEPT)
  #agent = new Uint8Array(KEPT)
  #head = 0
  /** When the newest came, in ms of `performance.now()`. */
  at = 0

  /** Levels from 0 to 99. @param {number} caller @param {number} agent @param {number} now */
  push(caller, agent, now) {
    this.#head = (this.#head + 1) % KEPT
    this.#caller[this.#head] = caller
    this.#agent[this.#head] = agent
    this.at = now
  }

  /** `age` levels ago: 0 is the newest. @param {'caller' | 'agent'} side @param {number} age */
  level(side, age) {
    if (age >= KEPT) return 0
    const levels = side === 'caller' ? this.#caller : this.#agent
    return levels[(this.#head - age + KEPT) % KEPT]
  }

  /** Who can be heard now. @returns {Floor} */
  get floor() {
    const caller = this.#speaks('caller')
    const agent = this.#speaks('agent')
    if (caller) return agent ? 'both' : 'caller'
    return agent ? 'agent' : 'nobody'
  }

  #speaks(/** @type {'caller' | 'agent'} */ side) {
    for (let age = 0; age < PAUSE_LEVELS; age++) if (this.level(side, age) >= SPEECH_LEVEL) return true
    return false
  }
}
