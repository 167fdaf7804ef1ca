import { html } from 'htm/preact'
import { PageHead } from '../../parts/page-head.js'
import { t } from '../../state/language.js'
import { DoctorCard } from './doctor-card.js'
import { LoadCards } from './load-cards.js'
import { ReplicasCard } from './replicas-card.js'

/** Whether calls can be taken, and how busy the server is. */
export function View() {
  return html`<${PageHead} title=${t('health.title')} text=${t('health.text')} />
    <div class="stack">
      <${LoadCards} />
      <div class="health-columns">
        <${DoctorCard} />
        <${ReplicasCard} />
      </div>
    </div>`
}
