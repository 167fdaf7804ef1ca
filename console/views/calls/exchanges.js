/**
 * @typedef {object} TurnRow as GET /api/calls/:id has it
 * @property {number} turn_index
 * @property {'caller' | 'agent'} speaker
 * @property {string} said_text
 * @property {string} heard_text
 * @property {boolean} interrupted
 * @property {string} started_at
 * @property {string} ended_at
 * @property {number | null} response_ms
 * @property {number | null} endpoint_ms
 * @property {number | null} engine_ms
 * @property {number | null} playout_ms
 */

/** @typedef {{ tool: string, durationMs: number, ok: boolean, code: string | null, arguments?: unknown, result?: unknown, at: number }} ToolCall */

/**
 * @typedef {object} Side
 * @property {string[]} heard the words that were heard, in order
 * @property {string[]} unheard those that were said and not heard
 * @property {number} from epoch ms
 * @property {number} to epoch ms
 */

/**
 * @typedef {object} Exchange what the caller said, what the agent looked up, and what it replied
 * @property {number} index
 * @property {Side | null} caller
 * @property {Side | null} agent
 * @property {boolean} interrupted
 * @property {ToolCall[]} tools
 * @property {{ response: number | null, endpoint: number | null, engine: number | null, playout: number | null }} latency ms
 */

/**
 * The turns of a call and its tool calls, put together.
 *
 * @param {readonly TurnRow[]} turns
 * @param {readonly { type: string, occurred_at: string, payload: any }[]} events
 * @returns {Exchange[]}
 */
export function exchangesOf(turns, events) {
  /** @type {Map<number, Exchange>} */
  const byIndex = new Map()
  for (const row of turns) {
    const exchange = byIndex.get(row.turn_index) ?? emptyExchange(row.turn_index)
    byIndex.set(row.turn_index, exchange)
    exchange[row.speaker] = sideOf(row)
    exchange.interrupted ||= row.interrupted
    if (row.response_ms !== null) exchange.latency = latencyOf(row)
  }
  const exchanges = [...byIndex.values()].sort((a, b) => a.index - b.index)
  for (const { type, occurred_at, payload } of events) {
    if (type !== 'tool.called') continue
    const at = Date.parse(occurred_at)
    const exchange = exchanges.find(({ agent }) => agent !== null && agent.to >= at) ?? exchanges.at(-1)
    exchange?.tools.push({ ...payload, at })
  }
  return exchanges
}

/** @param {number} index @returns {Exchange} */
function emptyExchange(index) {
  const latency = { response: null, endpoint: null, engine: null, playout: null }
  return { index, caller: null, agent: null, interrupted: false, tools: [], latency }
}

/** @param {TurnRow} row */
function latencyOf({ response_ms, endpoint_ms, engine_ms, playout_ms }) {
  return { response: response_ms, endpoint: endpoint_ms, engine: engine_ms, playout: playout_ms }
}

/** What was heard is the beginning of what was said, but for spaces. @param {TurnRow} row @returns {Side} */
function sideOf({ speaker, said_text, heard_text, started_at, ended_at }) {
  const said = wordsOf(said_text)
  const count = speaker === 'caller' ? said.length : Math.min(said.length, wordsOf(heard_text).length)
  return {
    heard: said.slice(0, count),
    unheard: said.slice(count),
    from: Date.parse(started_at),
    to: Date.parse(ended_at)
  }
}

/** @param {string} text */
function wordsOf(text) {
  return text.split(/\s+/).filter(Boolean)
}

/**
 * When each heard word begins, by the letters before it: speech is about as fast all through a turn.
 *
 * @param {Side} side
 * @returns {number[]} epoch ms
 */
export function wordTimes({ heard, from, to }) {
  const letters = heard.reduce((sum, word) => sum + word.length + 1, 0)
  let before = 0
  return heard.map((word) => {
    const at = from + ((to - from) * before) / Math.max(1, letters)
    before += word.length + 1
    return at
  })
}

/**
 * When the recording of a call begins: when it was started, else with the answer.
 *
 * @param {{ events: readonly { type: string, occurred_at: string }[], answered_at: string | null, initiated_at: string }} call
 * @returns {number} epoch ms
 */
export function recordingStart({ events, answered_at, initiated_at }) {
  const started = events.find(({ type }) => type === 'recording.started')
  return Date.parse(started?.occurred_at ?? answered_at ?? initiated_at)
}
