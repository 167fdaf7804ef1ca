import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api } from '../../net/api.js'
import { Button } from '../../parts/button.js'
import { Notice } from '../../parts/notice.js'
import { t } from '../../state/language.js'
import { tell } from '../../state/toasts.js'
import { changesOf, draftOf } from './draft.js'
import { AfterCallFields } from './fields/after-call.js'
import { IdentityFields } from './fields/identity.js'
import { Manners } from './fields/manners.js'
import { OutboundFields } from './fields/outbound.js'
import { RecordingFields } from './fields/recording.js'
import { ToolFields } from './fields/tools.js'

/** Every field of an agent. What is changed holds from the next call on. @param {{ agent: any, onSaved: () => void }} props */
export function AgentForm({ agent, onSaved }) {
  const [draft, setDraft] = useState(() => draftOf(agent))
  const [fault, setFault] = useState('')
  const [saving, setSaving] = useState(false)
  const set = (/** @type {string} */ name) => (/** @type {unknown} */ value) =>
    setDraft((old) => ({ ...old, [name]: value }))
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault()
    setSaving(true)
    setFault('')
    try {
      await api.put(`/api/agents/${encodeURIComponent(agent.id)}`, changesOf(draft, agent))
      tell('done', t('agents.saved'))
      onSaved()
    } catch (error) {
      setFault(wordsOf(error))
    } finally {
      setSaving(false)
    }
  }
  const changed = hasChanges(draft, agent)
  return html`<form class="stack agent-form" onSubmit=${submit}>
    <${IdentityFields} draft=${draft} set=${set} />
    <${Manners} draft=${draft} set=${set} />
    <${ToolFields} draft=${draft} set=${set} />
    <${OutboundFields} draft=${draft} set=${set} />
    <${RecordingFields} draft=${draft} set=${set} />
    <${AfterCallFields} draft=${draft} set=${set} />
    <div class=${`save-bar ${changed ? 'changed' : ''}`}>
      ${fault && html`<${Notice} kind="fault">${fault}<//>`}
      <div class="row between">
        <span class="small muted">${t(changed ? 'agents.unsaved' : 'agents.unchanged')}</span>
        <div class="row">
          <${Button} disabled=${!changed || saving} onClick=${() => setDraft(draftOf(agent))}>${t('agents.discard')}<//>
          <${Button} type="submit" kind="primary" disabled=${!changed || saving}>${t('action.save')}<//>
        </div>
      </div>
    </div>
  </form>`
}

/** @param {import('./draft.js').Draft} draft @param {any} agent */
function hasChanges(draft, agent) {
  try {
    return Object.keys(changesOf(draft, agent)).length > 0
  } catch {
    return true
  }
}

/** @param {unknown} error */
function wordsOf(error) {
  if (error instanceof SyntaxError)
    return t('agents.badJson', { field: t(`agents.json.${error.cause}`), message: error.message })
  return /** @type {Error} */ (error).message
}
