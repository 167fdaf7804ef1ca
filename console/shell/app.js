import { html } from 'htm/preact'
import { Confirmation } from '../parts/confirmation.js'
import { ToastList } from '../parts/toast-list.js'
import { session } from '../state/session.js'
import { Shell } from './shell.js'
import { SignIn } from './sign-in.js'

/** The whole page: the console for the operator, the door for everybody else. */
export function App() {
  return html`${session.token.value ? html`<${Shell} />` : html`<${SignIn} />`}
    <${Confirmation} />
    <${ToastList} />`
}
