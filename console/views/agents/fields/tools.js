import { html } from 'htm/preact'
import { Button } from '../../../parts/button.js'
import { Card } from '../../../parts/card.js'
import { CheckInput } from '../../../parts/check-input.js'
import { TextArea } from '../../../parts/text-area.js'
import { TextInput } from '../../../parts/text-input.js'
import { t } from '../../../state/language.js'
import { BUILT_IN_TOOLS } from '../draft.js'

/** What it may do beside talking. @param {{ draft: import('../draft.js').Draft, set: (name: string) => (value: any) => void }} props */
export function ToolFields({ draft, set }) {
  const { builtIn } = draft
  const toggle = (/** @type {string} */ name) => (/** @type {boolean} */ on) =>
    set('builtIn')(on ? [...builtIn, name] : builtIn.filter((/** @type {string} */ each) => each !== name))
  return html`<${Card} title=${t('agents.part.tools')}>
    <div class="stack">
      <div class="stack tight">
        ${BUILT_IN_TOOLS.map((name) => html`<${CheckInput} key=${name} label=${t(`agents.tool.${name}`)} checked=${builtIn.includes(name)} onChange=${toggle(name)} />`)}
      </div>
      ${builtIn.includes('transfer_call') && html`<${Targets} targets=${draft.transferTargets} onChange=${set('transferTargets')} />`}
      <${TextArea} label=${t('agents.field.tools')} hint=${t('agents.hint.tools')} rows=${draft.tools ? 10 : 3} code value=${draft.tools} onChange=${set('tools')} />
    </div>
  <//>`
}

/** @param {{ targets: { name: string, number: string }[], onChange: (targets: { name: string, number: string }[]) => void }} props */
function Targets({ targets, onChange }) {
  const change = (/** @type {number} */ index, /** @type {object} */ fields) =>
    onChange(targets.map((target, each) => (each === index ? { ...target, ...fields } : target)))
  return html`<fieldset class="targets">
    <legend class="label">${t('agents.field.transferTargets')}</legend>
    <div class="stack tight">
      ${targets.map(
        ({ name, number }, index) => html`<div class="inline-form" key=${index}>
          <${TextInput} label=${t('agents.target.name')} required value=${name} onChange=${(/** @type {string} */ value) => change(index, { name: value })} />
          <${TextInput} label=${t('agents.target.number')} type="tel" required placeholder="+13125550100" value=${number} onChange=${(/** @type {string} */ value) => change(index, { number: value })} />
          <${Button} kind="quiet" icon="trash" label=${t('agents.target.remove', { name })} onClick=${() => onChange(targets.filter((_target, each) => each !== index))} />
        </div>`
      )}
      <div><${Button} icon="plus" onClick=${() => onChange([...targets, { name: '', number: '' }])}>${t('agents.target.add')}<//></div>
    </div>
  </fieldset>`
}
