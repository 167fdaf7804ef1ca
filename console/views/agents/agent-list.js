import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api } from '../../net/api.js'
import { useResource } from '../../net/resource.js'
import { Button } from '../../parts/button.js'
import { Dialog } from '../../parts/dialog.js'
import { Icon } from '../../parts/icon.js'
import { Loaded } from '../../parts/loaded.js'
import { Notice } from '../../parts/notice.js'
import { PageHead } from '../../parts/page-head.js'
import { TextInput } from '../../parts/text-input.js'
import { refreshAgentNames } from '../../state/agent-names.js'
import { t } from '../../state/language.js'
import { go } from '../../state/router.js'

/** Every agent, with the numbers that it answers. */
export function AgentList() {
  const agents = useResource('/api/agents')
  const numbers = useResource('/api/numbers')
  const [making, setMaking] = useState(false)
  const numbersOf = (/** @type {string} */ id) =>
    (numbers.data?.data ?? []).filter((/** @type {any} */ row) => row.agent_id === id)
  const add = html`<${Button} kind="primary" icon="plus" onClick=${() => setMaking(true)}>${t('agents.add')}<//>`
  return html`<${PageHead} title=${t('agents.title')} text=${t('agents.text')} actions=${add} />
    <${Loaded} resource=${agents}>
      ${(/** @type {{ data: any[] }} */ { data }) => html`<ul class="agent-grid">
        ${data.map((agent) => html`<${AgentCard} key=${agent.id} agent=${agent} numbers=${numbersOf(agent.id)} />`)}
      </ul>`}
    <//>
    ${making && html`<${NewAgent} onClose=${() => setMaking(false)} />`}`
}

/** @param {{ agent: any, numbers: any[] }} props */
function AgentCard({ agent, numbers }) {
  const path = `#/agents/${encodeURIComponent(agent.id)}`
  return html`<li class="card card-body agent-card">
    <div class="row between">
      <h2 class="truncate"><a href=${path}>${agent.name}</a></h2>
      ${agent.id === 'default' && html`<span class="chip ok">${t('agents.default')}</span>`}
    </div>
    <p class="agent-greeting muted">${agent.greeting || t('agents.noGreeting')}</p>
    <div class="row">
      <span class="chip">${t(`agents.engine.${agent.engine ?? 'default'}`)}</span>
      <span class="chip">${agent.language}</span>
      ${numbers.map(({ e164 }) => html`<span class="chip caller" key=${e164}>${e164}</span>`)}
    </div>
    <div class="row agent-actions">
      <a class="button primary" href=${`#/talk?agent=${encodeURIComponent(agent.id)}`}><${Icon} name="talk" />${t('agents.try')}</a>
      <a class="button" href=${path}><${Icon} name="edit" />${t('agents.edit')}</a>
    </div>
  </li>`
}

/** @param {{ onClose: () => void }} props */
function NewAgent({ onClose }) {
  const [name, setName] = useState('')
  const [fault, setFault] = useState('')
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault()
    try {
      const { id } = await api.post('/api/agents', { name })
      refreshAgentNames()
      onClose()
      go(`/agents/${encodeURIComponent(id)}`)
    } catch (error) {
      setFault(/** @type {Error} */ (error).message)
    }
  }
  return html`<${Dialog} title=${t('agents.add')} onClose=${onClose}>
    <form class="stack dialog-form" onSubmit=${submit}>
      ${fault && html`<${Notice} kind="fault">${fault}<//>`}
      <${TextInput} label=${t('agents.field.name')} hint=${t('agents.addHint')} required maxlength="200" value=${name} onChange=${setName} />
      <div class="dialog-actions">
        <${Button} onClick=${onClose}>${t('action.cancel')}<//>
        <${Button} type="submit" kind="primary">${t('agents.make')}<//>
      </div>
    </form>
  <//>`
}
