import { signal } from '@preact/signals'

/** How long a message stays, in ms: long enough to be read twice. */
const SHOWN_MS = 6000

/** @typedef {{ id: number, kind: 'done' | 'fault', text: string }} Toast */

/** @type {import('@preact/signals').Signal<readonly Toast[]>} */
export const toasts = signal([])
let lastId = 0

/**
 * Tells the operator what became of something.
 *
 * @param {Toast['kind']} kind
 * @param {string} text
 */
export function tell(kind, text) {
  const id = ++lastId
  toasts.value = [...toasts.value.slice(-3), { id, kind, text }]
  setTimeout(() => dismiss(id), SHOWN_MS)
}

/** Tells of an error as it came. @param {unknown} error */
export function tellFault(error) {
  tell('fault', error instanceof Error ? error.message : String(error))
}

/** @param {number} id */
export function dismiss(id) {
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}
