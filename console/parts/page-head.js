import { html } from 'htm/preact'

/**
 * The title of a view.
 *
 * @param {object} props
 * @param {string} props.title
 * @param {any} [props.text] one sentence under it
 * @param {any} [props.actions] at its right
 */
export function PageHead({ title, text, actions }) {
  return html`<header class="page-head">
    <div>
      <h1>${title}</h1>
      ${text && html`<p>${text}</p>`}
    </div>
    ${actions && html`<div class="row">${actions}</div>`}
  </header>`
}
