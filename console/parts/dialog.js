import { html } from 'htm/preact'
import { useEffect, useId, useRef } from 'preact/hooks'

/**
 * A modal dialog: the browser keeps the keyboard inside, and Escape closes it.
 *
 * @param {{ title: string, onClose: () => void, children?: any }} props
 */
export function Dialog({ title, onClose, children }) {
  const titleId = useId()
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null))
  useEffect(() => {
    const opener = document.activeElement
    ref.current?.showModal()
    return () => {
      if (opener instanceof HTMLElement) opener.focus()
    }
  }, [])
  return html`<dialog
    class="dialog"
    ref=${ref}
    aria-labelledby=${titleId}
    onCancel=${(/** @type {Event} */ event) => {
      event.preventDefault()
      onClose()
    }}
  >
    <h2 id=${titleId}>${title}</h2>
    ${children}
  </dialog>`
}
