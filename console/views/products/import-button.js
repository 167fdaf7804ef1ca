import { html } from 'htm/preact'
import { useRef, useState } from 'preact/hooks'
import { request } from '../../net/api.js'
import { Button } from '../../parts/button.js'
import { Dialog } from '../../parts/dialog.js'
import { Notice } from '../../parts/notice.js'
import { t } from '../../state/language.js'
import { tell } from '../../state/toasts.js'

const IMPORT_MS = 60_000

/** Takes products from a CSV file. @param {{ onDone: () => void }} props */
export function ImportButton({ onDone }) {
  const [open, setOpen] = useState(false)
  const [fault, setFault] = useState('')
  const [busy, setBusy] = useState(false)
  const file = useRef(/** @type {HTMLInputElement | null} */ (null))
  const close = () => {
    setOpen(false)
    setFault('')
  }
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault()
    const chosen = file.current?.files?.[0]
    if (!chosen) return
    setBusy(true)
    try {
      const body = new Blob([await chosen.arrayBuffer()], { type: 'text/csv' })
      const response = await request('POST', '/api/products/import', { body, timeoutMs: IMPORT_MS })
      const { created, replaced } = await response.json()
      tell('done', t('products.imported', { created, replaced }))
      close()
      onDone()
    } catch (error) {
      setFault(/** @type {Error} */ (error).message)
    } finally {
      setBusy(false)
    }
  }
  return html`<${Button} icon="upload" onClick=${() => setOpen(true)}>${t('products.import')}<//>
    ${
      open &&
      html`<${Dialog} title=${t('products.import')} onClose=${close}>
        <form class="stack dialog-form" onSubmit=${submit}>
          <p class="small muted">${t('products.importText')}</p>
          <pre class="sample small">sku,name,description,price,currency,in_stock</pre>
          ${fault && html`<${Notice} kind="fault">${fault}<//>`}
          <input ref=${file} type="file" accept=".csv,text/csv" required aria-label=${t('products.file')} />
          <div class="dialog-actions">
            <${Button} onClick=${close}>${t('action.cancel')}<//>
            <${Button} type="submit" kind="primary" disabled=${busy}>${t('products.import')}<//>
          </div>
        </form>
      <//>`
    }`
}
