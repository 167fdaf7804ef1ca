import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { useResource } from '../../net/resource.js'
import { Button } from '../../parts/button.js'
import { Field } from '../../parts/field.js'
import { t } from '../../state/language.js'
import { route } from '../../state/router.js'
import { softphone } from '../../state/softphone.js'
import { MicrophoneFault } from './microphone-fault.js'

/** What a call can be made in: as most carriers do, or with more of the voice in it. */
const FORMATS = /** @type {Record<string, import('../../state/softphone.js').Format>} */ ({
  phone: { encoding: 'PCMU', rate: 8000 },
  wide: { encoding: 'L16', rate: 16000 },
  full: { encoding: 'L16', rate: 24000 }
})

/** Whom to call, in what quality, and the button that calls. */
export function CallSetup() {
  const agents = useResource('/api/agents')
  const [agentId, setAgentId] = useState(route.value.query.get('agent') ?? 'default')
  const [quality, setQuality] = useState('phone')
  const call = (/** @type {boolean} */ typing) =>
    softphone.call({ agentId, format: FORMATS[quality], typing })
  const rows = agents.data?.data ?? [{ id: 'default', name: t('talk.defaultAgent') }]
  const again = softphone.phase.value === 'ended'
  return html`<div class="stack">
    <${MicrophoneFault} />
    <${Button} kind="primary" icon="phone" large class="talk-button" onClick=${() => call(false)}>
      ${t(again ? 'talk.again' : 'talk.call')}
    <//>
    <div class="setup">
      <${Field} label=${t('talk.agent')}>
        ${(/** @type {any} */ control) => html`<select
          ...${control}
          class="select"
          value=${agentId}
          onChange=${(/** @type {any} */ event) => setAgentId(event.target.value)}
        >
          ${rows.map((/** @type {any} */ agent) => html`<option key=${agent.id} value=${agent.id}>${agent.name}</option>`)}
        </select>`}
      <//>
      <${Field} label=${t('talk.quality')}>
        ${(/** @type {any} */ control) => html`<select
          ...${control}
          class="select"
          value=${quality}
          onChange=${(/** @type {any} */ event) => setQuality(event.target.value)}
        >
          ${Object.keys(FORMATS).map((name) => html`<option key=${name} value=${name}>${t(`talk.quality.${name}`)}</option>`)}
        </select>`}
      <//>
    </div>
    <${Button} kind="quiet" icon="whisper" onClick=${() => call(true)}>${t('talk.withoutMicrophone')}<//>
  </div>`
}
