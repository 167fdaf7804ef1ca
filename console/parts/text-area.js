import { html } from 'htm/preact'
import { Field } from './field.js'

/**
 * Several lines of text with their label.
 *
 * @param {object} props
 * @param {string} props.label
 * @param {string} [props.hint]
 * @param {number} [props.rows]
 * @param {boolean} [props.code] whether it is for machines
 * @param {string} props.value
 * @param {(value: string) => void} props.onChange
 */
export function TextArea({ label, hint, rows = 3, code = false, value, onChange }) {
  return html`<${Field} label=${label} hint=${hint}>
    ${(/** @type {any} */ control) => html`<textarea
      ...${control}
      class=${`textarea ${code ? 'mono' : ''}`}
      rows=${rows}
      spellcheck=${!code}
      value=${value}
      onInput=${(/** @type {any} */ event) => onChange(event.target.value)}
    ></textarea>`}
  <//>`
}
