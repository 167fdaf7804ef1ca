import { signal } from '@preact/signals'
import { stored } from './stored.js'

const TOKEN_FRAGMENT = /^#token=([^&]+)/

const keptToken = stored('sessionStorage', 'token')
const keptName = stored('localStorage', 'operator')

/** Who uses the console: the operator's token, for as long as this tab lives, and a name for the record of calls. */
class Session {
  token = signal(keptToken.read())
  /** What actions on calls are recorded under, beside the address; empty: nothing but the address. */
  operatorName = signal(keptName.read() ?? '')
  /** Why the token was given up: none of ours, or the operator's wish. */
  refused = signal(false)

  /** Takes the token out of the address, so that it is neither seen nor kept in the history. */
  readAddress() {
    const token = TOKEN_FRAGMENT.exec(location.hash)?.[1]
    if (!token) return
    history.replaceState(null, '', `${location.pathname}${location.search}#/talk`)
    window.dispatchEvent(new Event('hashchange'))
    this.signIn(decodeURIComponent(token))
  }

  /** @param {string} token */
  signIn(token) {
    keptToken.write(token)
    this.refused.value = false
    this.token.value = token
  }

  /** @param {{ refused?: boolean }} [why] */
  signOut({ refused = false } = {}) {
    keptToken.write(null)
    this.refused.value = refused
    this.token.value = null
  }

  /** @param {string} name */
  rename(name) {
    keptName.write(name || null)
    this.operatorName.value = name
  }
}

export const session = new Session()
