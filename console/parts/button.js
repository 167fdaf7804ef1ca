import { html } from 'htm/preact'
import { Icon } from './icon.js'

/**
 * @param {object} props
 * @param {import('./icon.js').IconName} [props.icon]
 * @param {'plain' | 'primary' | 'danger' | 'danger solid' | 'quiet'} [props.kind]
 * @param {boolean} [props.large]
 * @param {string} [props.label] what it does, where there is no room for words
 * @param {string} [props.class]
 * @param {any} [props.children]
 * and whatever else a `<button>` takes
 */
export function Button({ icon, kind = 'plain', large = false, label, class: extra = '', children, ...rest }) {
  const classes = ['button', kind, large ? 'large' : '', children ? '' : 'icon-only', extra]
    .filter(Boolean)
    .join(' ')
  return html`<button type="button" ...${rest} class=${classes} aria-label=${label} title=${label}>
    ${icon && html`<${Icon} name=${icon} />`}${children}
  </button>`
}
