import { html } from 'htm/preact'

/**
 * @param {object} props
 * @param {string} [props.title]
 * @param {any} [props.actions] at the right of the title
 * @param {string} [props.class]
 * @param {any} [props.children]
 */
export function Card({ title, actions, class: extra = '', children }) {
  return html`<section class=${`card ${extra}`} aria-label=${title}>
    ${(title || actions) && html`<div class="card-head">${title && html`<h2>${title}</h2>`}${actions}</div>`}
    <div class="card-body">${children}</div>
  </section>`
}
