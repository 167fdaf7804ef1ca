import { signal } from '@preact/signals'
import { en } from '../text/en.js'
import { fr } from '../text/fr.js'
import { stored } from './stored.js'

/** @typedef {'en' | 'fr'} Language */
/** @typedef {string | { one: string, other: string }} Phrase */

const TEXTS = { en, fr }
const kept = stored('localStorage', 'language')

/** @type {import('@preact/signals').Signal<Language>} */
export const language = signal(document.documentElement.lang === 'fr' ? 'fr' : 'en')

/** @param {Language} chosen */
export function chooseLanguage(chosen) {
  kept.write(chosen)
  document.documentElement.lang = chosen
  language.value = chosen
}

/**
 * The text of a key in the operator's language, `{name}`s filled in; of a phrase with two forms, the one that fits
 * `count`. A key without a text is shown as it is, which a test does not let happen.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const texts = /** @type {Record<string, Phrase>} */ (TEXTS[language.value])
  const phrase = texts[key] ?? key
  const text =
    typeof phrase === 'string'
      ? phrase
      : phrase[new Intl.PluralRules(language.value).select(Number(values.count)) === 'one' ? 'one' : 'other']
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole))
}

/** Whether there is a text for this key. @param {string} key */
export function hasText(key) {
  return Object.hasOwn(TEXTS[language.value], key)
}
