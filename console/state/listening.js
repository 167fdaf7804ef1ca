import { signal } from '@preact/signals'
import { LiveListener } from '../audio/live-listener.js'
import { session } from './session.js'
import { tellFault } from './toasts.js'

/** @typedef {import('../audio/live-listener.js').Side} Side */

/** Which live call is heard: one at a time. */
class Listening {
  /** @type {import('@preact/signals').Signal<string | null>} */
  callId = signal(null)
  /** @type {import('@preact/signals').Signal<Side>} */
  side = signal('both')
  /** From 0 to 1. */
  volume = signal(0.9)
  /** @type {LiveListener | null} */
  #listener = null

  /** @param {string} callId */
  start(callId) {
    this.stop()
    const listener = new LiveListener({ side: this.side.value, volume: this.volume.value })
    this.#listener = listener
    this.callId.value = callId
    const onEnd = () => {
      if (this.#listener === listener) this.stop()
    }
    const operatorName = session.operatorName.value
    listener.open({ callId, token: session.token.value ?? '', operatorName, onEnd }).catch((error) => {
      onEnd()
      tellFault(error)
    })
  }

  stop() {
    this.#listener?.close()
    this.#listener = null
    this.callId.value = null
  }

  /** @param {Side} side */
  choose(side) {
    this.side.value = side
    this.#listener?.choose(side)
  }

  /** @param {number} volume from 0 to 1 */
  turn(volume) {
    this.volume.value = volume
    if (this.#listener) this.#listener.volume = volume
  }
}

export const listening = new Listening()
session.token.subscribe((token) => {
  if (!token) listening.stop()
})
