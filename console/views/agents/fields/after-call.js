import { html } from 'htm/preact'
import { Card } from '../../../parts/card.js'
import { CheckInput } from '../../../parts/check-input.js'
import { TextArea } from '../../../parts/text-area.js'
import { TextInput } from '../../../parts/text-input.js'
import { t } from '../../../state/language.js'

/** Who is told of a call that is over, and what is found out of it. @param {{ draft: import('../draft.js').Draft, set: (name: string) => (value: any) => void }} props */
export function AfterCallFields({ draft, set }) {
  const { analysis } = draft
  const within = (/** @type {string} */ name) => (/** @type {unknown} */ value) =>
    set('analysis')({ ...analysis, [name]: value })
  return html`<${Card} title=${t('agents.part.afterCall')}>
    <div class="stack">
      <${TextInput} label=${t('agents.field.webhookUrl')} hint=${t('agents.hint.webhookUrl')} type="url" placeholder="https://" value=${draft.webhookUrl} onChange=${set('webhookUrl')} />
      <${CheckInput} label=${t('agents.field.summary')} checked=${analysis.summary} onChange=${within('summary')} />
      <${TextArea} label=${t('agents.field.successCriteria')} hint=${t('agents.hint.successCriteria')} rows=${2} value=${analysis.successCriteria} onChange=${within('successCriteria')} />
      <${TextArea} label=${t('agents.field.schema')} hint=${t('agents.hint.schema')} rows=${analysis.schema ? 8 : 3} code value=${analysis.schema} onChange=${within('schema')} />
    </div>
  <//>`
}
