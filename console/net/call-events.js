import { signal } from '@preact/signals'
import { session } from '../state/session.js'
import { api } from './api.js'

/** The first wait after a broken connection, doubled at each further try; ms. */
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 15_000

/**
 * @typedef {object} CallEvent
 * @property {string} type
 * @property {string} id
 * @property {string} occurred_at
 * @property {Record<string, any>} payload with call_id, from and to, but for `live.calls` and `levels`
 */

/** Every event of every call, live, for as long as the operator is signed in. Connects again by itself. */
class CallEventSocket {
  /** Whether events come now. */
  connected = signal(false)
  /** @type {WebSocket | null} */
  #socket = null
  /** @type {Set<(event: CallEvent) => void>} */
  #listeners = new Set()
  #retryMs = FIRST_RETRY_MS
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  #levelWatchers = 0

  /** @param {string | null} token null closes */
  use(token) {
    clearTimeout(this.#timer)
    this.#socket?.close()
    this.#socket = null
    this.connected.value = false
    this.#retryMs = FIRST_RETRY_MS
    if (token) this.#open(token)
  }

  /** Returns the function that unsubscribes. @param {(event: CallEvent) => void} listener */
  listen(listener) {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Has the server tell how loud both sides of every call are, until the returned function is called. */
  watchLevels() {
    if (++this.#levelWatchers === 1) this.#send({ levels: true })
    return () => {
      if (--this.#levelWatchers === 0) this.#send({ levels: false })
    }
  }

  /** @param {string} token */
  #open(token) {
    const url = new URL('/call-events', location.href)
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
    url.search = new URLSearchParams({ live: '1', token }).toString()
    const socket = new WebSocket(url)
    this.#socket = socket
    socket.addEventListener('open', () => {
      this.#retryMs = FIRST_RETRY_MS
      this.connected.value = true
      if (this.#levelWatchers > 0) this.#send({ levels: true })
    })
    socket.addEventListener('message', ({ data }) => {
      const event = JSON.parse(data)
      for (const listener of this.#listeners) listener(event)
    })
    socket.addEventListener('close', () => {
      if (this.#socket !== socket) return
      this.connected.value = false
      this.#timer = setTimeout(() => this.#retry(token), this.#retryMs)
      this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2)
    })
  }

  /** A browser does not say why a socket was refused; a request does, and a refused token ends the session there. */
  #retry(/** @type {string} */ token) {
    api.get('/api/calls?limit=1').catch(() => undefined)
    if (session.token.value === token) this.#open(token)
  }

  #send(/** @type {object} */ message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message))
  }
}

export const callEvents = new CallEventSocket()
session.token.subscribe((token) => callEvents.use(token))
