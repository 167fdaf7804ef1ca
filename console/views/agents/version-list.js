import { html } from 'htm/preact'
import { dateTime } from '../../format/time.js'
import { api } from '../../net/api.js'
import { Button } from '../../parts/button.js'
import { Card } from '../../parts/card.js'
import { Loaded } from '../../parts/loaded.js'
import { confirm } from '../../state/confirmation.js'
import { hasText, t } from '../../state/language.js'
import { tell, tellFault } from '../../state/toasts.js'

/**
 * What an agent is and was, and the way back.
 *
 * @param {{ id: string, resource: import('../../net/resource.js').Resource, onRestored: () => void }} props
 */
export function VersionList({ id, resource, onRestored }) {
  return html`<${Card} title=${t('agents.versions')} class="versions">
    <${Loaded} resource=${resource}>
      ${(/** @type {{ data: any[] }} */ { data }) => html`<ol class="version-list">
        ${data.map(
          (version, index) => html`<li key=${version.version}>
            <div class="row between">
              <strong>${t('agents.version', { version: version.version })}</strong>
              ${
                version.current
                  ? html`<span class="chip ok">${t('agents.current')}</span>`
                  : html`<${Button} kind="quiet" onClick=${() => restore(id, version.version, onRestored)}>${t('agents.restore')}<//>`
              }
            </div>
            <p class="small muted">${dateTime(version.made_at)}${version.made_by && ` · ${version.made_by}`}</p>
            ${data[index + 1] && html`<p class="small">${t('agents.changed')} ${changedFields(version.agent, data[index + 1].agent)}</p>`}
          </li>`
        )}
      </ol>`}
    <//>
  <//>`
}

/** @param {any} after @param {any} before */
function changedFields(after, before) {
  return Object.keys(after)
    .filter((name) => JSON.stringify(after[name]) !== JSON.stringify(before[name]))
    .map((name) => (hasText(`agents.field.${name}`) ? t(`agents.field.${name}`) : t(`agents.part.${name}`)))
    .join(', ')
}

/** @param {string} id @param {number} version @param {() => void} onRestored */
async function restore(id, version, onRestored) {
  const sure = await confirm({
    title: t('agents.restore.title', { version }),
    text: t('agents.restore.text'),
    confirm: t('agents.restore'),
    danger: false
  })
  if (!sure) return
  try {
    await api.post(`/api/agents/${encodeURIComponent(id)}/versions/${version}/restore`)
    tell('done', t('agents.restored', { version }))
    onRestored()
  } catch (error) {
    tellFault(error)
  }
}
