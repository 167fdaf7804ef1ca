import { html } from 'htm/preact'
import { Card } from '../../../parts/card.js'
import { SelectInput } from '../../../parts/select-input.js'
import { TextArea } from '../../../parts/text-area.js'
import { t } from '../../../state/language.js'

/** What becomes of calls that it places. @param {{ draft: import('../draft.js').Draft, set: (name: string) => (value: any) => void }} props */
export function OutboundFields({ draft, set }) {
  const options = ['off', 'hang_up', 'leave_message'].map((value) => ({
    value,
    text: t(`agents.machine.${value}`)
  }))
  return html`<${Card} title=${t('agents.part.outbound')}>
    <div class="stack">
      <${SelectInput} label=${t('agents.field.machineDetection')} options=${options} value=${draft.machineDetection} onChange=${set('machineDetection')} />
      ${
        draft.machineDetection === 'leave_message' &&
        html`<${TextArea} label=${t('agents.field.voicemailMessage')} hint=${t('agents.hint.voicemailMessage')} rows=${2} value=${draft.voicemailMessage} onChange=${set('voicemailMessage')} />`
      }
    </div>
  <//>`
}
