import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { price } from '../../format/amount.js'
import { api } from '../../net/api.js'
import { Button } from '../../parts/button.js'
import { confirm } from '../../state/confirmation.js'
import { t } from '../../state/language.js'
import { tellFault } from '../../state/toasts.js'
import { ProductDialog } from './product-dialog.js'

/** @param {{ rows: any[], onChange: () => void }} props */
export function ProductTable({ rows, onChange }) {
  const [edited, setEdited] = useState(/** @type {any} */ (null))
  return html`<div class="card table-wrap">
      <table class="table">
        <thead>
          <tr>
            <th>${t('products.name')}</th>
            <th class="wide-cell">${t('products.sku')}</th>
            <th class="number">${t('products.price')}</th>
            <th class="wide-cell">${t('products.stock')}</th>
            <th></th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (product) => html`<tr key=${product.id}>
              <td><strong>${product.name}</strong><div class="small muted">${product.description}</div></td>
              <td class="mono nowrap wide-cell">${product.sku ?? '–'}</td>
              <td class="number nowrap">${price(product.price, product.currency)}</td>
              <td class="wide-cell"><span class=${`chip ${product.in_stock ? 'ok' : ''}`}>${t(product.in_stock ? 'products.inStock' : 'products.soldOut')}</span></td>
              <td class="number nowrap">
                ${product.sku && html`<${Button} kind="quiet" icon="edit" label=${t('products.edit', { name: product.name })} onClick=${() => setEdited(product)} />`}
                <${Button} kind="quiet" icon="trash" label=${t('products.remove', { name: product.name })} onClick=${() => remove(product, onChange)} />
              </td>
            </tr>`
          )}
        </tbody>
      </table>
    </div>
    ${
      edited &&
      html`<${ProductDialog} product=${edited} onClose=${(/** @type {boolean} */ saved) => {
        setEdited(null)
        if (saved) onChange()
      }} />`
    }`
}

/** @param {any} product @param {() => void} onChange */
async function remove({ id, name }, onChange) {
  const sure = await confirm({
    title: t('products.remove.title', { name }),
    text: t('products.remove.text'),
    confirm: t('action.delete')
  })
  if (!sure) return
  try {
    await api.delete(`/api/products/${id}`)
    onChange()
  } catch (error) {
    tellFault(error)
  }
}
