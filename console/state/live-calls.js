import { signal } from '@preact/signals'
import { callEvents } from '../net/call-events.js'
import { Conversation } from './conversation.js'
import { session } from './session.js'

/**
 * @typedef {object} LiveCall
 * @property {string} callId
 * @property {'telnyx' | 'twilio' | 'test'} carrier
 * @property {'inbound' | 'outbound'} direction
 * @property {string | null} from E.164
 * @property {string | null} to E.164
 * @property {string} agentId
 * @property {string} agentName
 * @property {import('@preact/signals').Signal<number | null>} answeredAt epoch ms by this machine's clock; null while it rings
 * @property {Conversation} conversation what was said since the page was opened
 * @property {import('@preact/signals').Signal<{ speaker: 'caller' | 'agent', text: string, turnIndex: number } | null>} lastWords
 * @property {import('@preact/signals').Signal<{ agent: boolean, caller: boolean }>} muted
 */

/** The calls that are live now, from the snapshot at the connection and the events since. */
class LiveCalls {
  /** By our id, the oldest first. @type {import('@preact/signals').Signal<ReadonlyMap<string, LiveCall>>} */
  calls = signal(new Map())

  constructor() {
    callEvents.listen((event) => this.#take(event))
    session.token.subscribe((token) => {
      if (!token) this.calls.value = new Map()
    })
  }

  /** @param {import('../net/call-events.js').CallEvent} event */
  #take(event) {
    const { type, payload } = event
    const serverNow = Date.parse(event.occurred_at)
    const known = this.calls.value.get(payload.call_id)
    known?.conversation.take(event)
    if (type === 'live.calls') {
      const kept = this.calls.value
      this.calls.value = new Map(
        payload.calls.map((/** @type {any} */ row) => [
          row.call_id,
          liveCall(row, serverNow, kept.get(row.call_id))
        ])
      )
    } else if (type === 'live.call') {
      this.calls.value = new Map(this.calls.value).set(payload.call_id, liveCall(payload, serverNow, known))
    } else if (type === 'call.ended' && known) {
      const rest = new Map(this.calls.value)
      rest.delete(payload.call_id)
      this.calls.value = rest
    } else if (type === 'transcript' && known) takeWords(known, payload)
    else if (type === 'operator.action' && known) takeAction(known, payload)
  }
}

/**
 * @param {any} row
 * @param {number} serverNow epoch ms by the server's clock, which the operator's need not agree with
 * @param {LiveCall} [known]
 * @returns {LiveCall}
 */
function liveCall(row, serverNow, known) {
  const muted = { agent: row.agent_muted, caller: row.caller_muted }
  const answeredAt = row.answered_at && Date.now() - (serverNow - Date.parse(row.answered_at))
  if (known) {
    known.muted.value = muted
    known.answeredAt.value = answeredAt
    return known
  }
  return {
    callId: row.call_id,
    carrier: row.carrier,
    direction: row.direction,
    from: row.from,
    to: row.to,
    agentId: row.agent_id,
    agentName: row.agent_name,
    answeredAt: signal(answeredAt),
    conversation: new Conversation(),
    lastWords: signal(null),
    muted: signal(muted)
  }
}

/** The agent's words come in pieces, the caller's whole. @param {LiveCall} call @param {any} payload */
function takeWords(call, { speaker, text, final, turnIndex }) {
  const last = call.lastWords.value
  const goesOn = speaker === 'agent' && !final && last?.speaker === 'agent' && last.turnIndex === turnIndex
  call.lastWords.value = { speaker, text: goesOn ? last.text + text : text, turnIndex }
}

/** @param {LiveCall} call @param {any} payload */
function takeAction(call, { action, party }) {
  if (action !== 'mute' && action !== 'unmute') return
  call.muted.value = { ...call.muted.value, [party]: action === 'mute' }
}

export const liveCalls = new LiveCalls()
