/** Callers take a pause of this length for the normal one between people; ms. */
const QUICK_MS = 800
/** From here on they wonder whether somebody is there; ms. */
const SLOW_MS = 1500

/** @typedef {'endpoint' | 'engine' | 'playout' | 'tool'} Part */

/**
 * @typedef {object} Verdict
 * @property {'quick' | 'fair' | 'slow'} pace
 * @property {Part} part where most of the time went
 * @property {number} partMs
 * @property {number} responseMs
 * @property {string | null} tool the one that was waited for longest, where `part` is `tool`
 */

/**
 * Why the reply took as long as it did: the part of the time that was greatest. A tool that ran before the reply counts
 * as a part of its own, taken out of the engine's, which waited for it.
 *
 * @param {{ response: number | null, endpoint: number | null, engine: number | null, playout: number | null }} latency ms
 * @param {readonly { tool: string, durationMs: number }[]} [tools] that ran in this turn before the reply
 * @returns {Verdict | null} null where there was nothing to measure
 */
export function verdictOf({ response, endpoint, engine, playout }, tools = []) {
  if (response === null) return null
  const waited = Math.min(
    engine ?? 0,
    tools.reduce((sum, { durationMs }) => sum + durationMs, 0)
  )
  /** @type {[Part, number][]} */
  const parts = [
    ['endpoint', endpoint ?? 0],
    ['engine', (engine ?? 0) - waited],
    ['tool', waited],
    ['playout', playout ?? 0]
  ]
  const [part, partMs] = parts.reduce((most, each) => (each[1] > most[1] ? each : most))
  const longest = tools.toSorted((a, b) => b.durationMs - a.durationMs)[0]
  return {
    pace: response <= QUICK_MS ? 'quick' : response <= SLOW_MS ? 'fair' : 'slow',
    part,
    partMs,
    responseMs: response,
    tool: part === 'tool' ? (longest?.tool ?? null) : null
  }
}
