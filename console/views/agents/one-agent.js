import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api } from '../../net/api.js'
import { useResource } from '../../net/resource.js'
import { Button } from '../../parts/button.js'
import { Icon } from '../../parts/icon.js'
import { Loaded } from '../../parts/loaded.js'
import { refreshAgentNames } from '../../state/agent-names.js'
import { confirm } from '../../state/confirmation.js'
import { t } from '../../state/language.js'
import { go } from '../../state/router.js'
import { tellFault } from '../../state/toasts.js'
import { AgentForm } from './agent-form.js'
import { VersionList } from './version-list.js'

/** One agent: every field of it, and what it was before. @param {{ id: string }} props */
export function OneAgent({ id }) {
  const path = `/api/agents/${encodeURIComponent(id)}`
  const agent = useResource(path)
  const versions = useResource(`${path}/versions`)
  // After a restore the form begins anew from what the agent is then.
  const [round, setRound] = useState(0)
  const refresh = () => {
    agent.reload()
    versions.reload()
    refreshAgentNames()
  }
  return html`<a class="back small" href="#/agents"><${Icon} name="back" />${t('agents.title')}</a>
    <${Loaded} resource=${agent}>
      ${(/** @type {any} */ data) => html`<header class="page-head">
          <div>
            <h1>${data.name}</h1>
            <p><code>${data.id}</code></p>
          </div>
          <div class="row">
            <a class="button" href=${`#/talk?agent=${encodeURIComponent(id)}`}><${Icon} name="talk" />${t('agents.try')}</a>
            ${id !== 'default' && html`<${Button} icon="trash" kind="quiet" label=${t('agents.remove')} onClick=${() => remove(data)} />`}
          </div>
        </header>
        <div class="agent-columns">
          <${AgentForm} key=${`${id} ${round} ${data.updatedAt}`} agent=${data} onSaved=${refresh} />
          <${VersionList}
            id=${id}
            resource=${versions}
            onRestored=${() => {
              setRound(round + 1)
              refresh()
            }}
          />
        </div>`}
    <//>`
}

/** @param {any} agent */
async function remove({ id, name }) {
  const sure = await confirm({
    title: t('agents.remove.title', { name }),
    text: t('agents.remove.text'),
    confirm: t('action.delete')
  })
  if (!sure) return
  try {
    await api.delete(`/api/agents/${encodeURIComponent(id)}`)
    refreshAgentNames()
    go('/agents')
  } catch (error) {
    tellFault(error)
  }
}
