import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api } from '../../net/api.js'
import { Button } from '../../parts/button.js'
import { Choice } from '../../parts/choice.js'
import { t } from '../../state/language.js'
import { tell, tellFault } from '../../state/toasts.js'

const WAYS = /** @type {const} */ (['whisper', 'say'])

/** A word for the agent alone, or for the caller in the agent's voice. @param {{ callId: string }} props */
export function TellAgent({ callId }) {
  const [way, setWay] = useState(/** @type {string} */ ('whisper'))
  const [text, setText] = useState('')
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault()
    if (!text.trim()) return
    try {
      await api.post(`/api/calls/${callId}/${way}`, { text: text.trim() })
      setText('')
      tell('done', t(`live.${way}.done`))
    } catch (error) {
      tellFault(error)
    }
  }
  return html`<form class="tell" onSubmit=${send}>
    <div class="row between">
      <${Choice}
        label=${t('live.way')}
        value=${way}
        options=${WAYS.map((each) => ({ value: each, text: t(`live.${each}`) }))}
        onChoose=${setWay}
      />
      <span class="small muted">${t(`live.${way}.hint`)}</span>
    </div>
    <div class="typed">
      <input
        class="input"
        aria-label=${t(`live.${way}.placeholder`)}
        placeholder=${t(`live.${way}.placeholder`)}
        maxlength="2000"
        value=${text}
        onInput=${(/** @type {any} */ event) => setText(event.target.value)}
      />
      <${Button} type="submit" icon="send" label=${t('live.send')} />
    </div>
  </form>`
}
