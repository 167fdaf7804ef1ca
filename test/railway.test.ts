import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { CLOSE_MARGIN_MS } from '../server.ts'
import { loadConfig } from '../services/config.ts'

const ROOT = path.join(import.meta.dirname, '..')
const { deploy } = JSON.parse(readFileSync(path.join(ROOT, 'railway.json'), 'utf8'))

describe('railway.json', () => {
  it('leaves time for the drain and for closing before the process is killed', () => {
    const neededMs = loadConfig({}).drainMs + CLOSE_MARGIN_MS
    assert.equal(typeof deploy.drainingSeconds, 'number')
    assert.ok(deploy.drainingSeconds * 1000 > neededMs, `${deploy.drainingSeconds} s, ${neededMs} ms needed`)
  })

  it('starts Node itself, so that the signal to stop reaches it, and asks after its health', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
    assert.equal(`exec ${deploy.startCommand}`, scripts.start)
    assert.match(deploy.startCommand, /^env [\w=.]+ node .*server\.ts$/)
    assert.equal(deploy.healthcheckPath, '/health')
    assert.equal(typeof deploy.overlapSeconds, 'number')
  })

  it('is what its page says of it', () => {
    const page = readFileSync(path.join(ROOT, 'docs/railway.md'), 'utf8')
    for (const [name, value] of Object.entries(deploy)) {
      if (!page.includes(`\`${name}\``)) continue
      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? ''
      assert.ok(row.includes(String(value)), `${name} is ${value}: ${row}`)
    }
  })
})
