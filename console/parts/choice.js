import { html } from 'htm/preact'

/**
 * One of few, side by side.
 *
 * @param {object} props
 * @param {string} props.label what is chosen, for screen readers
 * @param {readonly { value: string, text: string }[]} props.options
 * @param {string} props.value
 * @param {(value: string) => void} props.onChoose
 */
export function Choice({ label, options, value, onChoose }) {
  return html`<div class="tabs" role="group" aria-label=${label}>
    ${options.map(
      (option) =>
        html`<button type="button" aria-pressed=${option.value === value} onClick=${() => onChoose(option.value)}>
          ${option.text}
        </button>`
    )}
  </div>`
}
