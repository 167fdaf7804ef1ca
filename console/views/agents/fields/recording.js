import { html } from 'htm/preact'
import { Card } from '../../../parts/card.js'
import { SelectInput } from '../../../parts/select-input.js'
import { TextArea } from '../../../parts/text-area.js'
import { TextInput } from '../../../parts/text-input.js'
import { t } from '../../../state/language.js'

/** Whether its calls are recorded, and for how long that is kept. @param {{ draft: import('../draft.js').Draft, set: (name: string) => (value: any) => void }} props */
export function RecordingFields({ draft, set }) {
  const options = ['default', 'true', 'false'].map((value) => ({ value, text: t(`agents.record.${value}`) }))
  return html`<${Card} title=${t('agents.part.recording')}>
    <div class="stack">
      <div class="form-grid">
        <${SelectInput} label=${t('agents.field.recordCalls')} options=${options} value=${draft.recordCalls} onChange=${set('recordCalls')} />
        <${TextInput} label=${t('agents.field.recordingRetentionDays')} hint=${t('agents.hint.retention')} type="number" min="1" max="36500" value=${draft.recordingRetentionDays} onChange=${set('recordingRetentionDays')} />
      </div>
      <${TextArea} label=${t('agents.field.recordingConsent')} hint=${t('agents.hint.recordingConsent')} rows=${2} value=${draft.recordingConsent} onChange=${set('recordingConsent')} />
    </div>
  <//>`
}
