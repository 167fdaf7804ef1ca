import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import { clockTime } from '../format/time.js'

/** How long something has lasted, counting on. @param {{ since: number | null }} props epoch ms */
export function Elapsed({ since }) {
  const [, setTick] = useState(0)
  useEffect(() => {
    if (since === null) return
    const timer = setInterval(() => setTick((tick) => tick + 1), 1000)
    return () => clearInterval(timer)
  }, [since])
  return html`<span class="nowrap" role="timer">${since === null ? '–' : clockTime((Date.now() - since) / 1000)}</span>`
}
