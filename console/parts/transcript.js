import { html } from 'htm/preact'
import { useEffect, useRef } from 'preact/hooks'
import { dividedWords } from '../state/conversation.js'
import { t } from '../state/language.js'
import { TurnLatency } from './turn-latency.js'

/**
 * A conversation as it comes: the caller at the right, the agent at the left, what the caller never heard struck
 * through, and how long each answer took.
 *
 * @param {{ turns: readonly import('../state/conversation.js').Turn[] }} props
 */
export function Transcript({ turns }) {
  const end = useRef(/** @type {HTMLElement | null} */ (null))
  const size = turns.reduce((sum, turn) => sum + turn.said.length + (turn.caller?.length ?? 0), 0)
  useEffect(() => {
    const list = end.current?.parentElement
    if (list) list.scrollTop = list.scrollHeight
  }, [size])
  return html`<div class="transcript" role="log" aria-label=${t('transcript.label')} tabindex="0">
    ${turns.map((turn) => html`<${TurnItem} key=${turn.index} turn=${turn} />`)}
    <div ref=${end} class="transcript-end"></div>
  </div>`
}

/** @param {{ turn: import('../state/conversation.js').Turn }} props */
function TurnItem({ turn }) {
  const { heard, unheard } = dividedWords(turn)
  return html`<div class="turn">
    ${turn.caller && html`<p class="bubble caller"><span class="unseen">${t('side.caller')}: </span>${turn.caller}</p>`}
    ${turn.tools.map(
      (tool) =>
        html`<p class="tool small"><span class=${`chip ${tool.ok ? '' : 'danger'}`}>${t('transcript.tool', { tool: tool.tool, ms: Math.round(tool.durationMs) })}</span></p>`
    )}
    ${
      turn.said &&
      html`<p class="bubble agent">
      <span class="unseen">${t('side.agent')}: </span>${heard}${unheard && html`${' '}<s title=${t('transcript.unheard')}>${unheard}</s>`}
    </p>`
    }
    ${
      (turn.latency?.responseMs != null || turn.interrupted) &&
      html`<div class="turn-foot">
      ${turn.latency?.responseMs != null && html`<${TurnLatency} latency=${turn.latency} />`}
      ${turn.interrupted && html`<span class="chip warn">${t('transcript.interrupted')}</span>`}
    </div>`
    }
  </div>`
}
