import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api } from '../../net/api.js'
import { Button } from '../../parts/button.js'
import { Dialog } from '../../parts/dialog.js'
import { Notice } from '../../parts/notice.js'
import { TextInput } from '../../parts/text-input.js'
import { t } from '../../state/language.js'

/**
 * A product to be added, or one with an SKU to be changed.
 *
 * @param {{ product: any, onClose: (saved: boolean) => void }} props
 */
export function ProductDialog({ product, onClose }) {
  const [fields, setFields] = useState(
    product ?? { name: '', sku: '', description: '', price: null, currency: 'EUR', in_stock: true }
  )
  const [fault, setFault] = useState('')
  const set = (/** @type {string} */ name) => (/** @type {unknown} */ value) =>
    setFields((/** @type {any} */ old) => ({ ...old, [name]: value }))
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault()
    const { name, sku, description, price, currency, in_stock } = fields
    try {
      const amount = price === null || price === '' ? null : Number(price)
      await api.post('/api/products', {
        name,
        sku: sku || null,
        description,
        price: amount,
        currency,
        in_stock
      })
      onClose(true)
    } catch (error) {
      setFault(/** @type {Error} */ (error).message)
    }
  }
  return html`<${Dialog} title=${product ? product.name : t('products.add')} onClose=${() => onClose(false)}>
    <form class="stack dialog-form" onSubmit=${submit}>
      ${fault && html`<${Notice} kind="fault">${fault}<//>`}
      <${TextInput} label=${t('products.name')} required maxlength="500" value=${fields.name} onChange=${set('name')} />
      <${TextInput}
        label=${t('products.sku')}
        hint=${t('products.skuHint')}
        readonly=${product !== null}
        value=${fields.sku ?? ''}
        onChange=${set('sku')}
      />
      <${TextInput} label=${t('products.description')} value=${fields.description} onChange=${set('description')} />
      <div class="inline-form">
        <${TextInput} label=${t('products.price')} type="number" min="0" step="any" value=${fields.price ?? ''} onChange=${set('price')} />
        <${TextInput} label=${t('products.currency')} maxlength="3" pattern="[A-Z]{3}" required value=${fields.currency} onChange=${set('currency')} />
      </div>
      <label class="row">
        <input type="checkbox" checked=${fields.in_stock} onChange=${(/** @type {any} */ event) => set('in_stock')(event.target.checked)} />
        ${t('products.inStock')}
      </label>
      <div class="dialog-actions">
        <${Button} onClick=${() => onClose(false)}>${t('action.cancel')}<//>
        <${Button} type="submit" kind="primary">${t('action.save')}<//>
      </div>
    </form>
  <//>`
}
