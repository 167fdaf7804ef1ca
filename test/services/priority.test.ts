import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { constants, getPriority } from 'node:os'
import { describe, it } from 'node:test'
import { letCollectionsWait, letProcessWait, letSessionsWait } from '../../services/priority.ts'
import { defer, eventually } from '../support/databases.ts'

const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority
const linux = process.platform === 'linux'

/** The niceness of each thread of this process, by name. */
function niceness(): Map<string, number[]> {
  const threads = new Map<string, number[]>()
  for (const thread of readdirSync('/proc/self/task')) {
    const name = readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim()
    threads.set(name, [...(threads.get(name) ?? []), getPriority(Number(thread))])
  }
  return threads
}

describe('priorities', () => {
  it("lets V8's threads wait, and no other", { skip: !linux }, () => {
    const before = niceness()
    letCollectionsWait()
    const after = niceness()
    const workers = after.get('V8Worker') ?? []
    assert.ok(workers.length > 0)
    assert.ok(workers.every((nice) => nice === PRIORITY_BELOW_NORMAL))
    before.delete('V8Worker')
    after.delete('V8Worker')
    assert.deepEqual(after, before)
  })

  it('lets a process wait, and takes one that has gone as it is', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: 'pipe' })
    await once(child, 'spawn')
    letProcessWait(child.pid)
    assert.equal(getPriority(child.pid), PRIORITY_LOW)
    child.stdin.end()
    await once(child, 'exit')
    letProcessWait(child.pid)
    letProcessWait(undefined)
  })

  const sessions = existsSync('/proc/self/autogroup')

  it('lets the sessions of a process wait', { skip: !sessions }, async () => {
    const first = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
    const second = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
    const kept = autogroup(process.pid)
    try {
      const sweeping = letSessionsWait(process.pid)
      await sweeping.swept
      sweeping.stop()
      assert.equal(autogroup(first.pid), PRIORITY_LOW)
      assert.equal(autogroup(second.pid), PRIORITY_LOW)
      assert.equal(autogroup(process.pid), kept)
    } finally {
      first.kill()
      second.kill()
    }
  })

  it('lets a session wait that begins later', { skip: !sessions }, async (t) => {
    const sweeping = letSessionsWait(process.pid)
    defer(t, () => sweeping.stop())
    await sweeping.swept
    const later = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
    defer(t, () => void later.kill())
    await eventually('the new session waits', () => autogroup(later.pid) === PRIORITY_LOW)
  })

  it('looks for the sessions of a process that has gone without a word', async () => {
    const child = spawn(process.execPath, ['-e', ''])
    await once(child, 'exit')
    const sweeping = letSessionsWait(child.pid as number)
    await sweeping.swept
    sweeping.stop()
  })
})

/** The niceness of a process' session. */
function autogroup(pid: number | undefined): number {
  return Number(/nice (-?\d+)/.exec(readFileSync(`/proc/${pid}/autogroup`, 'utf8'))?.[1])
}
