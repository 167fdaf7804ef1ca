import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'

const FOLDER = path.resolve(import.meta.dirname, '../console')

/** The modules of packages that the page's import map names, as the packages ship them for browsers. */
const VENDOR: Readonly<Record<string, readonly [packageName: string, file: string]>> = {
  'preact.js': ['preact', 'dist/preact.mjs'],
  'preact-hooks.js': ['preact', 'hooks/dist/hooks.mjs'],
  'signals-core.js': ['@preact/signals-core', 'dist/signals-core.module.js'],
  'signals.js': ['@preact/signals', 'dist/signals.module.js'],
  'htm.js': ['htm', 'dist/htm.module.js'],
  'htm-preact.js': ['htm', 'preact/index.module.js'],
  'uplot.js': ['uplot', 'dist/uPlot.esm.js'],
  'uplot.css': ['uplot', 'dist/uPlot.min.css']
}

/** The console: static files, everything of which this server has; its data needs the operator's token. */
export async function consoleRoutes(app: FastifyInstance): Promise<void> {
  const policy = contentPolicy(await readFile(path.join(FOLDER, 'index.html'), 'utf8'))
  app.addHook('onSend', async (_request, reply) => {
    reply.header('content-security-policy', policy)
    reply.header('permissions-policy', 'microphone=(self), camera=(), geolocation=()')
    // Asked again each time and mostly answered by 304, so that a page never mixes two versions.
    reply.header('cache-control', 'no-cache')
  })
  await app.register(fastifyStatic, { root: FOLDER, serve: false, cacheControl: false })
  const hidden = { schema: { hide: true } }
  app.get('/', hidden, (_request, reply) => reply.sendFile('index.html'))
  app.get('/console/*', hidden, (request, reply) => {
    const { '*': file } = request.params as { '*': string }
    return reply.sendFile(file)
  })
  const require = createRequire(import.meta.url)
  for (const [name, [packageName, file]] of Object.entries(VENDOR)) {
    const folder = packageFolder(require, packageName)
    app.get(`/vendor/${name}`, hidden, (_request, reply) => reply.type(typeOf(name)).sendFile(file, folder))
  }
}

/** Where a package lies; its `exports` need not name its files. */
function packageFolder(require: NodeJS.Require, name: string): string {
  const entry = require.resolve(name)
  const folder = path.join('node_modules', name)
  return entry.slice(0, entry.lastIndexOf(folder) + folder.length)
}

function typeOf(name: string): string {
  return name.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8'
}

/**
 * Nothing from anywhere else, and no script within the page but the import map, which browsers want there: by its hash.
 * Requests are not upgraded to https, since a console on a machine of one's own may have none.
 */
function contentPolicy(page: string): string {
  const importMap = /<script type="importmap">([\s\S]*?)<\/script>/.exec(page)?.[1] ?? ''
  const hash = createHash('sha256').update(importMap).digest('base64')
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "media-src 'self' blob:",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join(';')
}
