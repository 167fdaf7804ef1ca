import { html } from 'htm/preact'
import { route } from '../../state/router.js'
import { CallList } from './call-list.js'
import { OneCall } from './one-call.js'

/** The calls that were, or one of them. */
export function View() {
  const { id } = route.value
  return id ? html`<${OneCall} key=${id} id=${id} />` : html`<${CallList} />`
}
