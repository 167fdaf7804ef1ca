import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import { api } from '../../net/api.js'
import { useResource } from '../../net/resource.js'
import { Button } from '../../parts/button.js'
import { Empty } from '../../parts/empty.js'
import { Loaded } from '../../parts/loaded.js'
import { PageHead } from '../../parts/page-head.js'
import { t } from '../../state/language.js'
import { tellFault } from '../../state/toasts.js'
import { ImportButton } from './import-button.js'
import { ProductDialog } from './product-dialog.js'
import { ProductTable } from './product-table.js'

const PAGE = 100
/** A pause in typing; ms. */
const PAUSE_MS = 250

/** What agents look up for callers. */
export function View() {
  const [wanted, setWanted] = useState('')
  const [query, setQuery] = useState('')
  const [adding, setAdding] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setQuery(wanted.trim()), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [wanted])
  const path = query
    ? `/api/products/search?limit=50&q=${encodeURIComponent(query)}`
    : `/api/products?limit=${PAGE}`
  const resource = useResource(path)
  const { reload } = resource
  const actions = html`<${ImportButton} onDone=${reload} />
    <${Button} kind="primary" icon="plus" onClick=${() => setAdding(true)}>${t('products.add')}<//>`
  return html`<${PageHead} title=${t('products.title')} text=${t('products.text')} actions=${actions} />
    <div class="stack">
      <input
        class="input"
        type="search"
        aria-label=${t('products.search')}
        placeholder=${t('products.search')}
        maxlength="200"
        value=${wanted}
        onInput=${(/** @type {any} */ event) => setWanted(event.target.value)}
      />
      <${Loaded} resource=${resource}>
        ${(/** @type {any} */ page) => html`<${Page} key=${path} page=${page} query=${query} onChange=${reload} />`}
      <//>
    </div>
    ${
      adding &&
      html`<${ProductDialog} product=${null} onClose=${(/** @type {boolean} */ saved) => {
        setAdding(false)
        if (saved) reload()
      }} />`
    }`
}

/** @param {{ page: { data: any[], next: string | null }, query: string, onChange: () => void }} props */
function Page({ page, query, onChange }) {
  const [more, setMore] = useState(/** @type {{ data: any[], next: string | null } | null} */ (null))
  const rows = [...page.data, ...(more?.data ?? [])]
  const next = more ? more.next : page.next
  if (rows.length === 0)
    return html`<div class="card">
      ${
        query
          ? html`<${Empty} icon="search" title=${t('products.notFound', { query })} text=${t('products.notFoundText')} />`
          : html`<${Empty} icon="products" title=${t('products.empty')} text=${t('products.emptyText')} />`
      }
    </div>`
  const fetchMore = async () => {
    try {
      const found = await api.get(`/api/products?limit=${PAGE}&after=${next}`)
      setMore({ data: [...(more?.data ?? []), ...found.data], next: found.next })
    } catch (error) {
      tellFault(error)
    }
  }
  return html`<${ProductTable} rows=${rows} onChange=${onChange} />
    ${next && html`<div class="row"><${Button} onClick=${fetchMore}>${t('products.more')}<//></div>`}`
}
