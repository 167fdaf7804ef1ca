import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { Button } from '../parts/button.js'
import { Field } from '../parts/field.js'
import { Notice } from '../parts/notice.js'
import { t } from '../state/language.js'
import { session } from '../state/session.js'

/** The door: asks for the operator's token, which nothing is shown without. */
export function SignIn() {
  const [token, setToken] = useState('')
  const [name, setName] = useState(session.operatorName.value)
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault()
    session.rename(name.trim())
    if (token.trim()) session.signIn(token.trim())
  }
  return html`<main class="sign-in">
    <form class="card card-body stack" onSubmit=${submit}>
      <div>
        <div class="brand"><img src="/console/mark.svg" alt="" />Offhook</div>
        <h1>${t('signIn.title')}</h1>
        <p class="muted">${t('signIn.text')}</p>
      </div>
      ${session.refused.value && html`<${Notice} kind="fault">${t('signIn.refused')}<//>`}
      <${Field} label=${t('signIn.token')}>
        ${(/** @type {any} */ control) => html`<input
          ...${control}
          class="input mono"
          type="password"
          autocomplete="current-password"
          required
          value=${token}
          onInput=${(/** @type {any} */ event) => setToken(event.target.value)}
        />`}
      <//>
      <${Field} label=${t('signIn.name')} hint=${t('signIn.nameHint')}>
        ${(/** @type {any} */ control) => html`<input
          ...${control}
          class="input"
          autocomplete="name"
          maxlength="60"
          value=${name}
          onInput=${(/** @type {any} */ event) => setName(event.target.value)}
        />`}
      <//>
      <${Button} type="submit" kind="primary" large>${t('signIn.submit')}<//>
    </form>
  </main>`
}
