import { signal } from '@preact/signals'
import { callEvents } from '../net/call-events.js'
import { LevelHistory } from './level-history.js'
import { liveCalls } from './live-calls.js'

/** @typedef {{ history: LevelHistory, floor: import('@preact/signals').Signal<import('./level-history.js').Floor> }} CallLevels */

/** How loud both sides of every live call are, while a view watches. */
class LiveLevels {
  /** @type {Map<string, CallLevels>} */
  #calls = new Map()

  /** Of one call; silent where nothing is known of it. @param {string} callId @returns {CallLevels} */
  of(callId) {
    let levels = this.#calls.get(callId)
    if (!levels) {
      levels = { history: new LevelHistory(), floor: signal('nobody') }
      this.#calls.set(callId, levels)
    }
    return levels
  }

  /** Has the server tell levels until the returned function is called. */
  watch() {
    const stop = callEvents.watchLevels()
    const unsubscribe = callEvents.listen(({ type, payload }) => {
      if (type === 'levels') this.#take(payload.calls)
      else if (type === 'call.ended') this.#calls.delete(payload.call_id)
    })
    return () => {
      stop()
      unsubscribe()
      this.#calls.clear()
    }
  }

  /** @param {Record<string, [caller: number, agent: number]>} told silent calls are left out */
  #take(told) {
    const now = performance.now()
    for (const callId of liveCalls.calls.value.keys()) {
      const [caller, agent] = told[callId] ?? [0, 0]
      const { history, floor } = this.of(callId)
      history.push(caller, agent, now)
      floor.value = history.floor
    }
  }
}

export const liveLevels = new LiveLevels()
