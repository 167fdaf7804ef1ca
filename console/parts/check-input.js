import { html } from 'htm/preact'

/**
 * Yes or no.
 *
 * @param {{ label: string, checked: boolean, onChange: (checked: boolean) => void }} props
 */
export function CheckInput({ label, checked, onChange }) {
  return html`<label class="check-input">
    <input type="checkbox" checked=${checked} onChange=${(/** @type {any} */ event) => onChange(event.target.checked)} />
    <span>${label}</span>
  </label>`
}
