import { signal } from '@preact/signals'

/** Epoch ms, to the second: what counts on is drawn again with it. One timer for all of it. */
export const seconds = signal(Date.now())
setInterval(() => {
  seconds.value = Date.now()
}, 1000)
