import { html } from 'htm/preact'
import { Icon } from '../parts/icon.js'
import { t } from '../state/language.js'
import { liveCalls } from '../state/live-calls.js'
import { softphone } from '../state/softphone.js'
import { Connection } from './connection.js'
import { Preferences } from './preferences.js'
import { VIEWS } from './views.js'

/** What a link says besides its name. @type {Record<string, () => any>} */
export const BADGES = { talk: () => html`<${OnThePhone} />`, live: () => html`<${LiveCount} />` }

const GROUPS = /** @type {const} */ (['now', 'past', 'setup'])

/** The navigation at the side of a wide screen. @param {{ current: string }} props */
export function Nav({ current }) {
  return html`<nav class="nav" aria-label=${t('nav.main')}>
    <div class="brand"><img src="/console/mark.svg" alt="" />Offhook</div>
    ${GROUPS.map(
      (group) => html`<div key=${group}>
        ${group !== 'now' && html`<div class="nav-group">${t(`nav.group.${group}`)}</div>`}
        <ul class="nav-list">
          ${VIEWS.filter((view) => view.group === group).map(
            ({ name, icon }) => html`<li key=${name}>
              <a class="nav-link" href=${`#/${name}`} aria-current=${name === current ? 'page' : undefined}>
                <${Icon} name=${icon} />${t(`nav.${name}`)}${BADGES[name]?.()}
              </a>
            </li>`
          )}
        </ul>
      </div>`
    )}
    <div class="nav-foot"><${Connection} /><${Preferences} /></div>
  </nav>`
}

/** On the phone, whatever view is open. */
export function OnThePhone() {
  return softphone.phase.value === 'live'
    ? html`<span class="count" aria-label=${t('talk.phase.live')} role="img">●</span>`
    : null
}

/** How many calls there are now. */
export function LiveCount() {
  const { size } = liveCalls.calls.value
  return size > 0 ? html`<span class="count">${size}</span>` : null
}
