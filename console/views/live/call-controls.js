import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api } from '../../net/api.js'
import { Button } from '../../parts/button.js'
import { confirm } from '../../state/confirmation.js'
import { t } from '../../state/language.js'
import { tell, tellFault } from '../../state/toasts.js'
import { callName } from './call-name.js'

/** A transfer is answered when it is known what became of it: the other party may let it ring; ms. */
const TRANSFER_TIMEOUT_MS = 180_000
/** E.164. */
const NUMBER = /^\+[1-9]\d{6,14}$/

/** @typedef {import('../../state/live-calls.js').LiveCall} LiveCall */

/** Silence, hand over, end: what cannot be taken back is asked once. @param {{ call: LiveCall }} props */
export function CallControls({ call }) {
  const [handingOver, setHandingOver] = useState(false)
  const muted = call.muted.value
  return html`<div class="live-controls">
    <div class="row">
      ${
        /** @type {const} */ (['agent', 'caller']).map(
          (party) =>
            html`<${Button} key=${party} icon="mute" aria-pressed=${muted[party]} onClick=${() => mute(call, party)}>
            ${t(muted[party] ? `live.unmute.${party}` : `live.mute.${party}`)}
          <//>`
        )
      }
      ${
        call.carrier !== 'test' &&
        html`<${Button} icon="transfer" aria-expanded=${handingOver} onClick=${() => setHandingOver(!handingOver)}>
          ${t('live.transfer')}
        <//>`
      }
      <${Button} icon="hangUp" kind="danger" onClick=${() => end(call)}>${t('live.end')}<//>
    </div>
    ${handingOver && html`<${TransferForm} call=${call} onDone=${() => setHandingOver(false)} />`}
  </div>`
}

/** @param {{ call: LiveCall, onDone: () => void }} props */
function TransferForm({ call, onDone }) {
  const [number, setNumber] = useState('')
  const [busy, setBusy] = useState(false)
  const to = number.replace(/[\s().-]/g, '')
  const wrong = number !== '' && !NUMBER.test(to)
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault()
    if (!NUMBER.test(to)) return
    setBusy(true)
    if (await transfer(call, to)) onDone()
    setBusy(false)
  }
  return html`<form class="typed" onSubmit=${submit}>
    <input
      class="input"
      type="tel"
      autocomplete="off"
      aria-label=${t('live.transferTo')}
      aria-invalid=${wrong}
      placeholder="+13125550100"
      value=${number}
      onInput=${(/** @type {any} */ event) => setNumber(event.target.value)}
    />
    <${Button} type="submit" disabled=${busy || !NUMBER.test(to)}>${t(busy ? 'live.transferring' : 'live.transfer')}<//>
  </form>`
}

/** @param {LiveCall} call @param {'agent' | 'caller'} party */
async function mute({ callId, muted }, party) {
  const command = muted.value[party] ? 'unmute' : 'mute'
  await api.post(`/api/calls/${callId}/${command}`, { party }).catch(tellFault)
}

/** @param {LiveCall} call @param {string} to E.164 */
async function transfer(call, to) {
  const name = callName(call)
  const sure = await confirm({
    title: t('live.transfer.title'),
    text: t('live.transfer.text', { name, to }),
    confirm: t('live.transfer'),
    danger: false
  })
  if (!sure) return false
  try {
    const timeoutMs = TRANSFER_TIMEOUT_MS
    const { data } = await api.post(`/api/calls/${call.callId}/transfer`, { to }, { timeoutMs })
    const reached = data.outcome === 'answered' || data.outcome === 'handed_over'
    tell(reached ? 'done' : 'fault', t(`live.transfer.${data.outcome}`))
    return reached
  } catch (error) {
    tellFault(error)
    return false
  }
}

/** @param {LiveCall} call */
async function end(call) {
  const name = callName(call)
  const sure = await confirm({
    title: t('live.end.title'),
    text: t('live.end.text', { name }),
    confirm: t('live.end')
  })
  if (!sure) return
  await api.post(`/api/calls/${call.callId}/end`).then(
    () => tell('done', t('live.end.done')),
    (error) => tellFault(error)
  )
}
