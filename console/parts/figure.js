import { html } from 'htm/preact'

/**
 * One number, large, and what it is.
 *
 * @param {{ label: string, value: string, note?: any }} props
 */
export function Figure({ label, value, note }) {
  return html`<div class="figure">
    <div class="small muted">${label}</div>
    <div class="value">${value}</div>
    ${note && html`<div class="small muted">${note}</div>`}
  </div>`
}
