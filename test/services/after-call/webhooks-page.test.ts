import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { it } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { eventually } from '../../support/databases.ts'
import { freePort } from '../../support/free-port.ts'

const ROOT = path.join(import.meta.dirname, '../../..')
const SECRET = `whsec_${Buffer.from('a secret of the tests, 32 bytes!').toString('base64')}`

it('the receiver of docs/webhooks.md takes what is signed, and nothing else', async (t) => {
  const page = await readFile(path.join(ROOT, 'docs/webhooks.md'), 'utf8')
  const [, example] = /```js\n([\s\S]+?)```/.exec(page) ?? []
  const port = await freePort()
  const child = spawn(process.execPath, ['--input-type=module', '--eval', example], {
    cwd: ROOT,
    env: { ...process.env, PORT: String(port), CALL_WEBHOOK_SECRET: SECRET },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.after(async () => {
    child.kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  let printed = ''
  child.stdout.on('data', (text) => {
    printed += text
  })
  const body = JSON.stringify({
    type: 'call.ended',
    data: { call: { id: 'c1' }, analysis: { summary: 'All well.' } }
  })
  const post = (signed: string, id = 'call_ended_c1', at = new Date()) =>
    fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(SECRET).sign('call_ended_c1', at, signed)
      },
      body
    }).then(({ status }) => status)
  await eventually('the receiver', () =>
    post('something else').then(
      (status) => status === 401,
      () => false
    )
  )
  assert.equal(await post(body), 204)
  await eventually('what it prints', () => printed.includes('call.ended c1 All well.'))
  assert.equal(await post(body, 'call_ended_c2'), 401)
  assert.equal(await post(body, 'call_ended_c1', new Date(Date.now() - 600_000)), 401)
})
