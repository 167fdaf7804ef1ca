import { html } from 'htm/preact'
import { render } from 'preact'
import { App } from './shell/app.js'
import { session } from './state/session.js'

session.readAddress()
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById('app')))
