import { html } from 'htm/preact'
import { Card } from '../../../parts/card.js'
import { CheckInput } from '../../../parts/check-input.js'
import { SelectInput } from '../../../parts/select-input.js'
import { TextArea } from '../../../parts/text-area.js'
import { TextInput } from '../../../parts/text-input.js'
import { t } from '../../../state/language.js'

/** When it falls silent, waits, reminds and says goodbye. @param {{ draft: import('../draft.js').Draft, set: (name: string) => (value: any) => void }} props */
export function Manners({ draft, set }) {
  const { interruption, silence } = draft
  const within = (/** @type {string} */ part, /** @type {string} */ name) => (/** @type {unknown} */ value) =>
    set(part)({ ...draft[part], [name]: value })
  const choices = ['default', 'own', 'none'].map((value) => ({ value, text: t(`agents.words.${value}`) }))
  return html`<${Card} title=${t('agents.part.manners')}>
    <div class="stack">
      <h3>${t('agents.part.interruption')}</h3>
      <div class="form-grid">
        <${TextInput} label=${t('agents.field.minSpeechMs')} hint=${t('agents.hint.minSpeechMs')} type="number" min="0" max="5000" required value=${interruption.minSpeechMs} onChange=${within('interruption', 'minSpeechMs')} />
        <${TextInput} label=${t('agents.field.minWords')} type="number" min="0" max="20" required value=${interruption.minWords} onChange=${within('interruption', 'minWords')} />
        <${SelectInput} label=${t('agents.field.acknowledgements')} hint=${t('agents.hint.acknowledgements')} options=${choices} value=${draft.acknowledging} onChange=${set('acknowledging')} />
      </div>
      ${draft.acknowledging === 'own' && html`<${TextArea} label=${t('agents.field.ownWords')} hint=${t('agents.hint.lines')} value=${interruption.acknowledgements} onChange=${within('interruption', 'acknowledgements')} />`}
      <${CheckInput} label=${t('agents.field.resume')} checked=${interruption.resume} onChange=${within('interruption', 'resume')} />
      <${CheckInput} label=${t('agents.field.protectGoodbye')} checked=${draft.protectGoodbye} onChange=${set('protectGoodbye')} />
      <h3>${t('agents.part.waiting')}</h3>
      <div class="form-grid">
        <${TextInput} label=${t('agents.field.patienceMs')} hint=${t('agents.hint.patienceMs')} type="number" min="0" max="10000" required value=${draft.patienceMs} onChange=${set('patienceMs')} />
        <${TextInput} label=${t('agents.field.afterSeconds')} hint=${t('agents.hint.afterSeconds')} type="number" min="0" max="3600" step="any" required value=${silence.afterSeconds} onChange=${within('silence', 'afterSeconds')} />
        <${TextInput} label=${t('agents.field.reminders')} type="number" min="0" max="20" required value=${silence.reminders} onChange=${within('silence', 'reminders')} />
      </div>
      <${TextArea} label=${t('agents.field.silencePhrases')} hint=${t('agents.hint.orDefault')} rows=${2} value=${silence.phrases} onChange=${within('silence', 'phrases')} />
      <${SelectInput} label=${t('agents.field.fillerPhrases')} hint=${t('agents.hint.fillerPhrases')} options=${choices} value=${draft.fillers} onChange=${set('fillers')} />
      ${draft.fillers === 'own' && html`<${TextArea} label=${t('agents.field.ownWords')} hint=${t('agents.hint.lines')} value=${draft.fillerPhrases} onChange=${set('fillerPhrases')} />`}
      <h3>${t('agents.part.ending')}</h3>
      <${TextArea} label=${t('agents.field.endCallPhrases')} hint=${t('agents.hint.endCallPhrases')} rows=${2} value=${draft.endCallPhrases} onChange=${set('endCallPhrases')} />
      <div class="form-grid">
        <${TextInput} label=${t('agents.field.goodbyeMessage')} hint=${t('agents.hint.goodbyeMessage')} maxlength="2000" value=${draft.goodbyeMessage} onChange=${set('goodbyeMessage')} />
        <${TextInput} label=${t('agents.field.maxCallSeconds')} hint=${t('agents.hint.maxCallSeconds')} type="number" min="1" max="86400" value=${draft.maxCallSeconds} onChange=${set('maxCallSeconds')} />
      </div>
    </div>
  <//>`
}
