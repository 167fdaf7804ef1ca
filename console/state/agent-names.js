import { signal } from '@preact/signals'
import { api } from '../net/api.js'
import { session } from './session.js'

/** Names of agents by their ids; an id without a name is shown as it is. @type {import('@preact/signals').Signal<ReadonlyMap<string, string>>} */
const names = signal(new Map())

/** Asks for them anew; what was known stays where the server does not answer. */
export function refreshAgentNames() {
  api.get('/api/agents').then(
    ({ data }) => {
      names.value = new Map(data.map((/** @type {any} */ { id, name }) => [id, name]))
    },
    () => undefined
  )
}

session.token.subscribe((token) => {
  if (token) refreshAgentNames()
  else names.value = new Map()
})

/** @param {string | null} id */
export function agentName(id) {
  return id === null ? '–' : (names.value.get(id) ?? id)
}
