import { html } from 'htm/preact'
import { timeOfDay } from '../../format/time.js'
import { useResource } from '../../net/resource.js'
import { Button } from '../../parts/button.js'
import { Card } from '../../parts/card.js'
import { Icon } from '../../parts/icon.js'
import { Loaded } from '../../parts/loaded.js'
import { Notice } from '../../parts/notice.js'
import { hasText, t } from '../../state/language.js'

const SIGNS = /** @type {const} */ ({ ok: 'check', warning: 'alert', fault: 'close', skipped: 'more' })

/** What the doctor finds, and what mends it. Its findings are in the words of the command line. */
export function DoctorCard() {
  const resource = useResource('/api/doctor')
  const { loading, reload } = resource
  const again = html`<${Button} icon="refresh" disabled=${loading} onClick=${reload}>${t(loading ? 'health.examining' : 'health.examine')}<//>`
  return html`<${Card} title=${t('health.doctor')} actions=${again}>
    <${Loaded} resource=${resource}>
      ${(/** @type {any} */ examination) => html`<${Examination} examination=${examination} />`}
    <//>
  <//>`
}

/** @param {{ examination: { examined_at: string, ok: boolean, checks: any[] } }} props */
function Examination({ examination: { examined_at, ok, checks } }) {
  const findings = checks.flatMap((check) => check.findings)
  const count = (/** @type {string} */ status) =>
    findings.filter((finding) => finding.status === status).length
  return html`<div class="stack">
    ${
      ok
        ? html`<p class="doctor-verdict"><span class="chip ok"><span class="dot ok"></span>${t('health.noFaults')}</span> <span class="small muted">${t('health.examinedAt', { time: timeOfDay(examined_at) })}</span></p>`
        : html`<${Notice} kind="fault">${t('health.faults', { count: count('fault') })}<//>`
    }
    <ul class="checks">
      ${checks.map(
        ({ name, findings }) => html`<li key=${name} class="check">
          <h3 class="small">${hasText(`health.check.${name}`) ? t(`health.check.${name}`) : name}</h3>
          <ul>
            ${findings.map(
              (
                /** @type {any} */ finding,
                /** @type {number} */ index
              ) => html`<li key=${index} class=${`finding ${finding.status}`}>
                <${Icon} name=${SIGNS[/** @type {keyof typeof SIGNS} */ (finding.status)]} />
                <div class="grow">
                  <span class="unseen">${t(`health.status.${finding.status}`)}: </span>${finding.message}
                  ${finding.fix && html`<p class="small fix">→ ${finding.fix}</p>`}
                </div>
              </li>`
            )}
          </ul>
        </li>`
      )}
    </ul>
  </div>`
}
