import { signal } from '@preact/signals'

/**
 * @typedef {object} Turn
 * @property {number} index 0 is the greeting
 * @property {string | null} caller what the caller said
 * @property {string} said what the agent's engine made
 * @property {string | null} heard what of it the caller heard; null while that is not known
 * @property {boolean} interrupted
 * @property {{ responseMs: number | null, endpointMs: number | null, engineMs: number | null, playoutMs: number | null } | null} latency
 * @property {readonly { tool: string, durationMs: number, ok: boolean }[]} tools
 */

/** The words of one call as they come, from its events. */
export class Conversation {
  /** In order. @type {import('@preact/signals').Signal<readonly Turn[]>} */
  turns = signal([])
  /** Why the call ended; null while it lasts. @type {import('@preact/signals').Signal<{ reason: string, detail: string | null, durationMs: number } | null>} */
  end = signal(null)

  /** Takes an event of this call. @param {import('../net/call-events.js').CallEvent} event */
  take({ type, payload }) {
    if (type === 'transcript') this.#takeWords(payload)
    else if (type === 'turn.completed') this.#takeTurn(payload.turn)
    else if (type === 'turn.interrupted') this.#change(payload.turnIndex, { interrupted: true })
    else if (type === 'turn.resumed') this.#change(payload.turnIndex, { interrupted: false, heard: null })
    else if (type === 'tool.called') this.#takeTool(payload)
    else if (type === 'call.ended') {
      this.end.value = {
        reason: payload.reason,
        detail: payload.detail ?? null,
        durationMs: payload.durationMs
      }
    }
  }

  /** Takes the turns of the call's record, where nothing newer is known of them. @param {readonly any[]} rows */
  remember(rows) {
    const known = new Set(this.turns.value.map(({ index }) => index))
    for (const row of rows) {
      if (known.has(row.turn_index)) continue
      if (row.speaker === 'caller') this.#change(row.turn_index, { caller: row.said_text })
      else this.#change(row.turn_index, recordedReply(row))
    }
  }

  /** The agent's words come in pieces, the caller's whole. @param {any} payload */
  #takeWords({ turnIndex, speaker, text, final }) {
    const { said } = this.#turn(turnIndex)
    if (speaker === 'caller') this.#change(turnIndex, { caller: text })
    else this.#change(turnIndex, { said: final ? text : said + text })
  }

  /** @param {any} turn */
  #takeTurn({ turnIndex, caller, agent, interrupted, latency }) {
    this.#change(turnIndex, {
      ...(caller && { caller: caller.saidText || this.#turn(turnIndex).caller }),
      ...(agent && { said: agent.saidText, heard: agent.heardText }),
      interrupted,
      latency
    })
  }

  /** @param {any} payload */
  #takeTool({ tool, durationMs, ok }) {
    const last = this.turns.value.at(-1)
    if (last) this.#change(last.index, { tools: [...last.tools, { tool, durationMs, ok }] })
  }

  /** @param {number} index @returns {Turn} */
  #turn(index) {
    return (
      this.turns.value.find((turn) => turn.index === index) ?? {
        index,
        caller: null,
        said: '',
        heard: null,
        interrupted: false,
        latency: null,
        tools: []
      }
    )
  }

  /** @param {number} index @param {Partial<Turn>} change */
  #change(index, change) {
    const turn = { ...this.#turn(index), ...change }
    const others = this.turns.value.filter((other) => other.index !== index)
    this.turns.value = [...others, turn].sort((a, b) => a.index - b.index)
  }
}

/** @param {any} row @returns {Partial<Turn>} */
function recordedReply(row) {
  const { response_ms, endpoint_ms, engine_ms, playout_ms } = row
  return {
    said: row.said_text,
    heard: row.heard_text,
    interrupted: row.interrupted,
    latency: { responseMs: response_ms, endpointMs: endpoint_ms, engineMs: engine_ms, playoutMs: playout_ms }
  }
}

/**
 * The agent's words, divided at where the caller stopped hearing them. What was heard is the beginning of what was
 * said, but for blanks.
 *
 * @param {Turn} turn @returns {{ heard: string, unheard: string }}
 */
export function dividedWords({ said, heard, interrupted }) {
  if (heard === null || !interrupted) return { heard: said, unheard: '' }
  const words = said.split(/\s+/).filter(Boolean)
  const count = heard.split(/\s+/).filter(Boolean).length
  return { heard: words.slice(0, count).join(' '), unheard: words.slice(count).join(' ') }
}
