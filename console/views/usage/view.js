import { html } from 'htm/preact'
import { useMemo, useState } from 'preact/hooks'
import { useResource } from '../../net/resource.js'
import { Choice } from '../../parts/choice.js'
import { PageHead } from '../../parts/page-head.js'
import { t } from '../../state/language.js'
import { EndingsCard } from './endings-card.js'
import { LatencyCard } from './latency-card.js'
import { firstDay, SPANS } from './spans.js'
import { TotalsCard } from './totals-card.js'
import { UsageCard } from './usage-card.js'
import { UsageTables } from './usage-tables.js'

/** What calls took and cost, how fast they were answered, and which came to nothing. */
export function View() {
  const [span, setSpan] = useState(/** @type {import('./spans.js').SpanName} */ ('month'))
  const now = useMemo(() => Date.now(), [span])
  const from = firstDay(span, now)
  const usage = useResource(`/api/usage?group=${SPANS[span].group}&from=${from}`)
  const endings = useResource(`/api/endings?from=${from}`)
  const options = Object.keys(SPANS).map((value) => ({ value, text: t(`usage.span.${value}`) }))
  const choice = html`<${Choice} label=${t('usage.span')} options=${options} value=${span} onChoose=${setSpan} />`
  return html`<${PageHead} title=${t('usage.title')} text=${t('usage.text')} actions=${choice} />
    <div class="stack">
      <${TotalsCard} usage=${usage.data} endings=${endings.data} />
      <${UsageCard} resource=${usage} span=${span} from=${from} now=${now} />
      <${LatencyCard} span=${span} from=${from} />
      <div class="usage-columns">
        <${UsageTables} from=${from} />
        <${EndingsCard} resource=${endings} />
      </div>
    </div>`
}
