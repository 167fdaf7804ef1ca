import { html } from 'htm/preact'
import { useId } from 'preact/hooks'

/**
 * A labelled control; `children` is given the id, and what describes it.
 *
 * @param {object} props
 * @param {string} props.label
 * @param {string} [props.hint]
 * @param {(control: { id: string, 'aria-describedby'?: string }) => any} props.children
 */
export function Field({ label, hint, children }) {
  const id = useId()
  const hintId = hint ? `${id}-hint` : undefined
  return html`<div class="field">
    <label class="label" for=${id}>${label}</label>
    ${children({ id, 'aria-describedby': hintId })}${hint && html`<span class="hint" id=${hintId}>${hint}</span>`}
  </div>`
}
