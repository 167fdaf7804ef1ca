import { html } from 'htm/preact'
import { route } from '../../state/router.js'
import { AgentList } from './agent-list.js'
import { OneAgent } from './one-agent.js'

/** Who answers calls, or one of them to be changed. */
export function View() {
  const { id } = route.value
  return id ? html`<${OneAgent} key=${id} id=${id} />` : html`<${AgentList} />`
}
