import { signal } from '@preact/signals'

/** @typedef {{ title: string, text: string, confirm: string, danger: boolean }} Question */

/** What the operator is asked now. @type {import('@preact/signals').Signal<(Question & { answer: (yes: boolean) => void }) | null>} */
export const confirmation = signal(null)

/**
 * Asks once before something that cannot be taken back. Resolves with whether the operator wants it.
 *
 * @param {Omit<Question, 'danger'> & { danger?: boolean }} question
 * @returns {Promise<boolean>}
 */
export function confirm({ danger = true, ...question }) {
  confirmation.value?.answer(false)
  return new Promise((resolve) => {
    confirmation.value = {
      ...question,
      danger,
      answer(yes) {
        confirmation.value = null
        resolve(yes)
      }
    }
  })
}
