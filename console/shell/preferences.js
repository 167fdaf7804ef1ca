import { html } from 'htm/preact'
import { Button } from '../parts/button.js'
import { chooseLanguage, language, t } from '../state/language.js'
import { session } from '../state/session.js'
import { theme, toggleTheme } from '../state/theme.js'
import { OperatorName } from './operator-name.js'

/** Language, light or dark, and the way out. */
export function Preferences() {
  const dark = theme.value === 'dark'
  const other = language.value === 'en' ? 'fr' : 'en'
  return html`<${OperatorName} /><div class="row between">
    <${Button}
      kind="quiet"
      lang=${other}
      label=${t('language.switch')}
      onClick=${() => chooseLanguage(other)}
    >${language.value.toUpperCase()}<//>
    <${Button}
      kind="quiet"
      icon=${dark ? 'sun' : 'moon'}
      label=${t(dark ? 'theme.light' : 'theme.dark')}
      onClick=${toggleTheme}
    />
    <${Button} kind="quiet" icon="signOut" label=${t('action.signOut')} onClick=${() => session.signOut()} />
  </div>`
}
