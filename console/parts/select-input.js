import { html } from 'htm/preact'
import { Field } from './field.js'

/**
 * One of several, with its label.
 *
 * @param {object} props
 * @param {string} props.label
 * @param {string} [props.hint]
 * @param {readonly { value: string, text: string }[]} props.options
 * @param {string} props.value
 * @param {(value: string) => void} props.onChange
 */
export function SelectInput({ label, hint, options, value, onChange }) {
  return html`<${Field} label=${label} hint=${hint}>
    ${(/** @type {any} */ control) => html`<select
      ...${control}
      class="select"
      value=${value}
      onChange=${(/** @type {any} */ event) => onChange(event.target.value)}
    >
      ${options.map((option) => html`<option key=${option.value} value=${option.value}>${option.text}</option>`)}
    </select>`}
  <//>`
}
