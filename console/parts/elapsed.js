import { html } from 'htm/preact'
import { clockTime } from '../format/time.js'
import { seconds } from '../state/seconds.js'

/** How long something has lasted, counting on. @param {{ since: number | null }} props epoch ms */
export function Elapsed({ since }) {
  const lasted = since === null ? null : (seconds.value - since) / 1000
  return html`<span class="nowrap" role="timer">${lasted === null ? '–' : clockTime(lasted)}</span>`
}
