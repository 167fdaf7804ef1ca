const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * The public address as an origin, from `https://host`, `wss://host` or a bare `host` (as Railway gives it). `http://`
 * and `ws://` are taken for a loopback host only, where a bare host means them too. null where it is none of these.
 */
export function parsePublicUrl(value: string): URL | null {
  const bare = !/^[a-z]+:\/\//i.test(value)
  const url = URL.parse(bare ? `https://${value}` : value.replace(/^ws(s?):/i, 'http$1:'))
  if (!url || url.hostname === '' || url.username !== '' || url.pathname !== '/' || url.search !== '')
    return null
  const loopback = LOOPBACK.has(url.hostname)
  if (bare && loopback) url.protocol = 'http:'
  if (url.protocol === 'https:') return url
  return url.protocol === 'http:' && loopback ? url : null
}

/** The same host for WebSockets, without a trailing slash: `wss://host`. */
export function webSocketOrigin(url: URL): string {
  return `${url.protocol === 'https:' ? 'wss' : 'ws'}://${url.host}`
}
