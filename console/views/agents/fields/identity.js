import { html } from 'htm/preact'
import { Card } from '../../../parts/card.js'
import { SelectInput } from '../../../parts/select-input.js'
import { TextArea } from '../../../parts/text-area.js'
import { TextInput } from '../../../parts/text-input.js'
import { t } from '../../../state/language.js'

/** Who it is and what it says. @param {{ draft: import('../draft.js').Draft, set: (name: string) => (value: any) => void }} props */
export function IdentityFields({ draft, set }) {
  const engines = ['', 'realtime', 'cascade', 'local'].map((value) => ({
    value,
    text: t(`agents.engine.${value || 'default'}`)
  }))
  return html`<${Card} title=${t('agents.part.identity')}>
    <div class="stack">
      <${TextInput} label=${t('agents.field.name')} required maxlength="200" value=${draft.name} onChange=${set('name')} />
      <${TextArea} label=${t('agents.field.greeting')} hint=${t('agents.hint.greeting')} rows=${2} value=${draft.greeting} onChange=${set('greeting')} />
      <${TextArea} label=${t('agents.field.instructions')} hint=${t('agents.hint.instructions')} rows=${10} value=${draft.instructions} onChange=${set('instructions')} />
      <div class="form-grid">
        <${TextInput} label=${t('agents.field.language')} hint=${t('agents.hint.language')} required value=${draft.language} onChange=${set('language')} />
        <${SelectInput} label=${t('agents.field.engine')} options=${engines} value=${draft.engine} onChange=${set('engine')} />
        <${TextInput} label=${t('agents.field.voice')} hint=${t('agents.hint.voice')} value=${draft.voice} onChange=${set('voice')} />
      </div>
    </div>
  <//>`
}
