import { html } from 'htm/preact'
import { t } from '../state/language.js'
import { Button } from './button.js'
import { Notice } from './notice.js'

/**
 * What a resource is shown as: its data, grey bars while it is fetched for the first time, or what went wrong.
 *
 * @param {{ resource: import('../net/resource.js').Resource, children: (data: any) => any }} props
 */
export function Loaded({ resource, children }) {
  const { data, error, loading, reload } = resource
  const fault =
    error &&
    html`<${Notice} kind="fault">
      <div class="row between">
        <span>${error.message}</span>
        <${Button} kind="quiet" onClick=${reload}>${t('action.retry')}<//>
      </div>
    <//>`
  if (data === null) {
    if (fault) return fault
    return loading
      ? html`<div class="stack" aria-busy="true" aria-label=${t('state.loading')} role="status">
          <div class="skeleton"></div>
          <div class="skeleton"></div>
          <div class="skeleton"></div>
        </div>`
      : null
  }
  return html`${fault}${children(data)}`
}
