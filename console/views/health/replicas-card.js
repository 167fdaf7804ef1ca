import { html } from 'htm/preact'
import { dateTime } from '../../format/time.js'
import { useResource } from '../../net/resource.js'
import { Card } from '../../parts/card.js'
import { Loaded } from '../../parts/loaded.js'
import { t } from '../../state/language.js'

/** Who serves beside this process. */
export function ReplicasCard() {
  const resource = useResource('/api/replicas')
  return html`<${Card} title=${t('health.replicas')}>
    <${Loaded} resource=${resource}>
      ${(/** @type {{ data: any[] }} */ { data }) => html`<ul class="replicas">
        ${data.map(
          (replica) => html`<li key=${replica.replica_id}>
            <div class="row between">
              <code>${replica.replica_id}</code>
              ${replica.this_one && html`<span class="chip ok">${t('health.thisOne')}</span>`}
            </div>
            <p class="small muted">
              ${t('health.liveCalls', { count: replica.live_calls })} · ${t('health.callsToday', { count: replica.calls })}
              ${!replica.this_one && html` · ${t('health.lastSeen', { time: dateTime(replica.last_seen_at) })}`}
            </p>
          </li>`
        )}
      </ul>`}
    <//>
  <//>`
}
