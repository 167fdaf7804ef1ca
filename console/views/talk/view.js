import { html } from 'htm/preact'
import { Card } from '../../parts/card.js'
import { Empty } from '../../parts/empty.js'
import { PageHead } from '../../parts/page-head.js'
import { Transcript } from '../../parts/transcript.js'
import { t } from '../../state/language.js'
import { softphone } from '../../state/softphone.js'
import { Phone } from './phone.js'
import { TypedWords } from './typed-words.js'

/** A softphone: speak with an agent from the page. */
export function View() {
  const { turns } = softphone.conversation.value
  const live = softphone.phase.value === 'live'
  return html`<${PageHead} title=${t('talk.title')} text=${t('talk.text')} />
    <div class="talk">
      <${Phone} />
      <${Card} title=${t('talk.conversation')} class="talk-words">
        ${
          turns.value.length > 0
            ? html`<${Transcript} turns=${turns.value} />`
            : html`<${Empty} icon="whisper" title=${t('talk.empty')} text=${t('talk.emptyText')} />`
        }
        ${live && html`<${TypedWords} />`}
      <//>
    </div>`
}
