import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { dateTime } from '../../format/time.js'
import { api } from '../../net/api.js'
import { useResource } from '../../net/resource.js'
import { Button } from '../../parts/button.js'
import { Card } from '../../parts/card.js'
import { Empty } from '../../parts/empty.js'
import { Loaded } from '../../parts/loaded.js'
import { PageHead } from '../../parts/page-head.js'
import { SelectInput } from '../../parts/select-input.js'
import { TextInput } from '../../parts/text-input.js'
import { confirm } from '../../state/confirmation.js'
import { t } from '../../state/language.js'
import { tell, tellFault } from '../../state/toasts.js'

/** Who answers which number. */
export function View() {
  const numbers = useResource('/api/numbers')
  const agents = useResource('/api/agents')
  const rows = agents.data?.data ?? []
  const options = rows.map((/** @type {any} */ { id, name }) => ({ value: id, text: name }))
  return html`<${PageHead} title=${t('numbers.title')} text=${t('numbers.text')} />
    <div class="stack">
      <${Card} title=${t('numbers.assign')}>
        <${AssignForm} options=${options} onDone=${numbers.reload} />
      <//>
      <${Loaded} resource=${numbers}>
        ${(/** @type {{ data: any[] }} */ { data }) =>
          data.length === 0
            ? html`<div class="card"><${Empty} icon="numbers" title=${t('numbers.empty')} text=${t('numbers.emptyText')} /></div>`
            : html`<${NumberTable} rows=${data} options=${options} onDone=${numbers.reload} />`}
      <//>
    </div>`
}

/** @param {{ options: { value: string, text: string }[], onDone: () => void }} props */
function AssignForm({ options, onDone }) {
  const [number, setNumber] = useState('')
  const [agentId, setAgentId] = useState('default')
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault()
    if (await assign(number.replaceAll(/[\s().-]/g, ''), agentId)) {
      setNumber('')
      onDone()
    }
  }
  return html`<form class="inline-form" onSubmit=${submit}>
    <${TextInput}
      label=${t('numbers.number')}
      type="tel"
      placeholder="+13125550100"
      required
      value=${number}
      onChange=${setNumber}
    />
    <${SelectInput} label=${t('calls.agent')} options=${options} value=${agentId} onChange=${setAgentId} />
    <${Button} type="submit" kind="primary">${t('numbers.submit')}<//>
  </form>`
}

/** @param {{ rows: any[], options: { value: string, text: string }[], onDone: () => void }} props */
function NumberTable({ rows, options, onDone }) {
  return html`<div class="card table-wrap">
    <table class="table">
      <thead>
        <tr><th>${t('numbers.number')}</th><th>${t('numbers.answeredBy')}</th><th class="wide-cell">${t('numbers.since')}</th><th></th></tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ e164, agent_id, updated_at }) => html`<tr key=${e164}>
            <td class="nowrap"><strong>${e164}</strong></td>
            <td>
              <select
                class="select"
                aria-label=${t('numbers.agentOf', { number: e164 })}
                value=${agent_id}
                onChange=${async (/** @type {any} */ event) => {
                  await assign(e164, event.target.value)
                  onDone()
                }}
              >
                ${options.map((option) => html`<option key=${option.value} value=${option.value}>${option.text}</option>`)}
              </select>
            </td>
            <td class="muted nowrap wide-cell">${dateTime(updated_at)}</td>
            <td class="number">
              <${Button} kind="quiet" icon="trash" label=${t('numbers.release', { number: e164 })} onClick=${() => release(e164, onDone)} />
            </td>
          </tr>`
        )}
      </tbody>
    </table>
  </div>`
}

/** @param {string} number @param {string} agentId @returns {Promise<boolean>} whether it was done */
async function assign(number, agentId) {
  try {
    await api.put(`/api/numbers/${encodeURIComponent(number)}`, { agentId })
    tell('done', t('numbers.assigned', { number }))
    return true
  } catch (error) {
    tellFault(error)
    return false
  }
}

/** @param {string} number @param {() => void} onDone */
async function release(number, onDone) {
  const sure = await confirm({
    title: t('numbers.release.title', { number }),
    text: t('numbers.release.text'),
    confirm: t('numbers.release.confirm')
  })
  if (!sure) return
  try {
    await api.delete(`/api/numbers/${encodeURIComponent(number)}`)
    onDone()
  } catch (error) {
    tellFault(error)
  }
}
