import { html } from 'htm/preact'
import { PageHead } from '../../parts/page-head.js'
import { t } from '../../state/language.js'

export function View() {
  return html`<${PageHead} title=${t('nav.numbers')} />`
}
