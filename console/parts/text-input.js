import { html } from 'htm/preact'
import { Field } from './field.js'

/**
 * A line of text with its label.
 *
 * @param {object} props
 * @param {string} props.label
 * @param {string} [props.hint]
 * @param {string} props.value
 * @param {(value: string) => void} props.onChange
 * and whatever else an `<input>` takes
 */
export function TextInput({ label, hint, value, onChange, ...rest }) {
  return html`<${Field} label=${label} hint=${hint}>
    ${(/** @type {any} */ control) => html`<input
      ...${control}
      ...${rest}
      class="input"
      value=${value}
      onInput=${(/** @type {any} */ event) => onChange(event.target.value)}
    />`}
  <//>`
}
