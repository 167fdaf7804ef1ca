import { html } from 'htm/preact'
import { timeOfDay } from '../../format/time.js'
import { Card } from '../../parts/card.js'
import { hasText, t } from '../../state/language.js'

/** What happened during a call, as it was written down. @param {{ events: readonly any[] }} props */
export function EventLog({ events }) {
  return html`<${Card} title=${t('calls.events')}>
    ${
      events.length === 0
        ? html`<p class="muted small">${t('calls.noEvents')}</p>`
        : html`<ol class="event-log small">
          ${events.map((event) => html`<${EventLine} key=${event.event_id} event=${event} />`)}
        </ol>`
    }
  <//>`
}

/** @param {{ event: any }} props */
function EventLine({ event: { type, occurred_at, payload } }) {
  const name = hasText(`event.${type}`) ? t(`event.${type}`) : type
  const about = type === 'operator.action' ? deed(payload) : ''
  const empty = Object.keys(payload ?? {}).length === 0
  const line = html`<time class="muted" datetime=${occurred_at}>${timeOfDay(occurred_at)}</time> <span>${name}${about}</span>`
  return html`<li>
    ${empty ? html`<div class="event-line">${line}</div>` : html`<details><summary class="event-line">${line}</summary><pre>${JSON.stringify(payload, null, 2)}</pre></details>`}
  </li>`
}

/** @param {any} payload */
function deed({ action, by }) {
  const what = hasText(`operator.${action}`) ? t(`operator.${action}`) : action
  return `: ${what} (${by})`
}
