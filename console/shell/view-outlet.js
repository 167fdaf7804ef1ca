import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import { Notice } from '../parts/notice.js'
import { t } from '../state/language.js'
import { stylesheet } from './stylesheet.js'

/**
 * Fetches a view's module when it is first opened, and shows it.
 *
 * @param {{ view: (typeof import('./views.js').VIEWS)[number] }} props
 */
export function ViewOutlet({ view }) {
  const [loaded, setLoaded] = useState(/** @type {{ name: string, View: any } | null} */ (null))
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    let wanted = true
    setFailed(false)
    Promise.all([view.load(), view.style && stylesheet(view.style)]).then(
      ([{ View }]) => {
        if (wanted) setLoaded({ name: view.name, View })
      },
      () => {
        if (wanted) setFailed(true)
      }
    )
    return () => {
      wanted = false
    }
  }, [view])
  if (failed) return html`<${Notice} kind="fault">${t('error.view')}<//>`
  if (loaded?.name !== view.name) return html`<h1 class="unseen">${t(`nav.${view.name}`)}</h1>`
  return html`<${loaded.View} key=${view.name} />`
}
