import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type RouteRig, startRouteRig } from '../support/route-rig.ts'

describe('the pages of the console', () => {
  let rig: RouteRig

  before(async () => {
    rig = await startRouteRig()
  })
  after(() => rig.close())

  const fetched = (url: string, headers = {}) => rig.app.inject({ url, headers })

  it('are served to anybody, with every module that they import', async () => {
    const page = await fetched('/')
    assert.match(String(page.headers['content-type']), /^text\/html/)
    const { imports } = JSON.parse(/<script type="importmap">([\s\S]*?)<\/script>/.exec(page.body)?.[1] ?? '')
    const files = [...page.body.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, file]) => file)
    const seen = new Set<string>()
    const waiting = [...files, ...(Object.values(imports) as string[])]
    for (const url of waiting) {
      if (seen.has(url)) continue
      seen.add(url)
      const file = await fetched(url)
      assert.equal(file.statusCode, 200, url)
      if (url.endsWith('.js')) assert.match(String(file.headers['content-type']), /javascript/, url)
      if (!url.startsWith('/console/')) continue
      for (const [, specifier] of file.body.matchAll(/(?:from |import\()'([^']+)'/g)) {
        if (specifier.startsWith('.')) waiting.push(new URL(specifier, `http://localhost${url}`).pathname)
        else assert.ok(Object.hasOwn(imports, specifier), `${url} imports ${specifier}`)
      }
    }
    assert.ok(seen.size > 50, `${seen.size} files`)
  })

  it('may load and run nothing from elsewhere, and be framed by nobody', async () => {
    for (const url of ['/', '/console/app.js', '/vendor/preact.js']) {
      const policy = String((await fetched(url)).headers['content-security-policy'])
      assert.match(policy, /default-src 'none'/)
      assert.match(policy, /script-src 'self' 'sha256-[^']+';/)
      assert.match(policy, /frame-ancestors 'none'/)
      assert.doesNotMatch(policy, /unsafe|https?:|\*/)
    }
  })

  it('are asked for anew each time, and not sent again where they are the same', async () => {
    const first = await fetched('/console/app.js')
    assert.equal(first.headers['cache-control'], 'no-cache')
    const again = await fetched('/console/app.js', { 'if-none-match': first.headers.etag })
    assert.equal(again.statusCode, 304)
  })

  it('are all that is served: nothing beside their folder', async () => {
    for (const url of [
      '/console/../package.json',
      '/console/%2e%2e/package.json',
      '/console/..%2fserver.ts'
    ]) {
      assert.ok([403, 404].includes((await fetched(url)).statusCode), url)
    }
  })

  it('leave the other routes of the server what they are', async () => {
    assert.equal((await fetched('/health')).json().status, 'ok')
    const unknown = await fetched('/nothing-here')
    assert.deepEqual([unknown.statusCode, unknown.json().error], [404, 'not_found'])
  })
})
