import { computed, signal } from '@preact/signals'

const hash = signal(location.hash)
window.addEventListener('hashchange', () => {
  hash.value = location.hash
})

/** The address within the console: `#/calls/ID?tab=audio` is the path `['calls', 'ID']` and the query `tab`. */
export const route = computed(() => {
  const [path, query] = hash.value.replace(/^#\/?/, '').split('?')
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent)
  return { view: parts[0] ?? 'talk', id: parts[1] ?? null, parts, query: new URLSearchParams(query) }
})

/** @param {string} path such as `/calls/ID` */
export function go(path) {
  location.hash = path
}
