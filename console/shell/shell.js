import { html } from 'htm/preact'
import { useEffect, useRef } from 'preact/hooks'
import { t } from '../state/language.js'
import { route } from '../state/router.js'
import { Nav } from './nav.js'
import { TabBar } from './tab-bar.js'
import { ViewOutlet } from './view-outlet.js'
import { VIEWS } from './views.js'

/** Navigation beside, and the view of the address. */
export function Shell() {
  const main = useRef(/** @type {HTMLElement | null} */ (null))
  const view = VIEWS.find(({ name }) => name === route.value.view) ?? VIEWS[0]
  const shown = useRef(view.name)
  useEffect(() => {
    document.title = `${t(`nav.${view.name}`)} · Offhook`
    // A new view begins at its top, for the eye and for a screen reader; the first one leaves the focus alone.
    if (shown.current === view.name) return
    shown.current = view.name
    window.scrollTo(0, 0)
    main.current?.focus({ preventScroll: true })
  })
  return html`<div class="shell">
    <a class="skip" href="#main" onClick=${(/** @type {Event} */ event) => {
      event.preventDefault()
      main.current?.focus()
    }}>${t('nav.skip')}</a>
    <${Nav} current=${view.name} />
    <main class="main" id="main" tabindex="-1" ref=${main}><${ViewOutlet} view=${view} /></main>
    <${TabBar} current=${view.name} />
  </div>`
}
