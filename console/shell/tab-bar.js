import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import { Icon } from '../parts/icon.js'
import { t } from '../state/language.js'
import { Connection } from './connection.js'
import { BADGES } from './nav.js'
import { Preferences } from './preferences.js'
import { VIEWS } from './views.js'

/** What has room in the bar; the rest is behind "More". */
const TABS = 4

/** The navigation at the bottom of a phone's screen. @param {{ current: string }} props */
export function TabBar({ current }) {
  const [open, setOpen] = useState(false)
  useEffect(() => setOpen(false), [current])
  const tabs = VIEWS.slice(0, TABS)
  const rest = VIEWS.slice(TABS)
  const inRest = rest.some(({ name }) => name === current)
  const closeOnEscape = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Escape') setOpen(false)
  }
  return html`<nav class="tab-bar" aria-label=${t('nav.main')} onKeyDown=${closeOnEscape}>
    ${tabs.map(
      ({ name, icon }) =>
        html`<a class="tab" key=${name} href=${`#/${name}`} aria-current=${name === current ? 'page' : undefined}>
          <${Icon} name=${icon} />${t(`nav.${name}.short`)}${BADGES[name]?.()}
        </a>`
    )}
    <button
      type="button"
      class="tab"
      aria-expanded=${open}
      aria-current=${inRest ? 'page' : undefined}
      onClick=${() => setOpen(!open)}
    >
      <${Icon} name="more" />${t('nav.more')}
    </button>
    ${
      open &&
      html`<div class="card sheet">
      <ul class="nav-list">
        ${rest.map(
          ({ name, icon }) => html`<li key=${name}>
            <a class="nav-link" href=${`#/${name}`} aria-current=${name === current ? 'page' : undefined}>
              <${Icon} name=${icon} />${t(`nav.${name}`)}
            </a>
          </li>`
        )}
      </ul>
      <div class="nav-foot"><${Connection} /><${Preferences} /></div>
    </div>`
    }
  </nav>`
}
