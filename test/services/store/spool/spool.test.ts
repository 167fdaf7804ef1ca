import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { findLeftSpools } from '../../../../services/store/spool/left-spool.ts'
import { OWNER_FILE, Spool } from '../../../../services/store/spool/spool.ts'
import type { SpoolLine } from '../../../../services/store/spool/spool-record.ts'
import { capture } from '../../../support/databases.ts'
import { inboundCall, NOON } from '../recorder-rig.ts'

const call = inboundCall()
const HOW = { essential: true, urgent: false }

function record(text: string) {
  const event = { type: 'dtmf', digit: text } as const
  return { replicaId: 'a', call, at: NOON, event }
}

const textsOf = (lines: readonly SpoolLine[]) =>
  lines.map(({ n, event }) => [n, event.type === 'dtmf' ? event.digit : event.type])

function open(t: TestContext, replicaId = 'a', folder = mkdtempSync(path.join(tmpdir(), 'offhook-spool-'))) {
  const logs = capture()
  const spool = new Spool({ folder, replicaId, log: logs.log })
  t.after(async () => {
    await spool.close(0)
    rmSync(folder, { recursive: true, force: true })
  })
  const files = () => readdirSync(spool.folder).filter((name) => name !== OWNER_FILE)
  const left = (changes: { replicaId?: string; silentMs?: number } = {}) =>
    findLeftSpools({ folder, ownId: 'none', replicaId: 'a', silentMs: 60_000, log: logs.log, ...changes })
  return { spool, folder, logs, files, left }
}

describe('spool', () => {
  it('gives out what was appended, in order, once it is on disk, also what comes while it writes', async (t) => {
    const { spool } = open(t)
    for (let index = 1; index <= 300; index++) {
      spool.append(record(String(index)), { essential: true, urgent: index % 7 === 0 })
      if (index % 50 === 0) await spool.flush()
    }
    await spool.flush()
    const seen: unknown[] = []
    for (let lines = await spool.next(0); lines.length > 0; lines = await spool.next(0))
      seen.push(...textsOf(lines))
    assert.deepEqual(
      seen,
      Array.from({ length: 300 }, (_, index) => [index + 1, String(index + 1)])
    )
    assert.equal(spool.last, 300)
  })

  it('keeps every text whole, but for what no database takes', async (t) => {
    const { spool } = open(t)
    const texts = [
      '"quotes" \\ \n\r\t',
      '🙂 ünïcode \u2028',
      'nul \u0000 here',
      'half \ud83d a pair',
      '\\u0000 spelt'
    ]
    for (const text of texts) spool.append(record(text), HOW)
    await spool.flush()
    const kept = textsOf(await spool.next(0)).map(([, text]) => text)
    assert.deepEqual(kept, [texts[0], texts[1], 'nul  here', 'half \ufffd a pair', texts[4]])
  })

  it('gives the same event the same id, and another one another', async (t) => {
    const { spool } = open(t)
    for (const text of ['x', 'x', 'y']) spool.append(record(text), HOW)
    await spool.flush()
    const [first, same, other] = (await spool.next(0)).map(({ id }) => id)
    assert.equal(first, same)
    assert.notEqual(first, other)
  })

  it('gives later events ids that sort behind those of earlier ones', async (t) => {
    const { spool } = open(t)
    const times = [0, 9, 10, 999.9, 1000.1, NOON, NOON + 1, NOON + 86_400_000]
    for (const at of times) spool.append({ ...record('x'), at }, HOW)
    await spool.flush()
    const ids = (await spool.next(0)).map(({ id }) => id)
    assert.equal(new Set(ids).size, times.length)
    assert.deepEqual(ids.toSorted(), ids)
  })

  it('is for its owner alone, and leaves nothing behind once everything is stored', async (t) => {
    const { spool, files } = open(t)
    spool.append(record('secret'), HOW)
    await spool.flush()
    assert.deepEqual(files(), ['000000001.jsonl'])
    assert.equal(statSync(spool.folder).mode & 0o077, 0)
    assert.equal(statSync(path.join(spool.folder, '000000001.jsonl')).mode & 0o077, 0)
    await spool.next(0)
    await spool.close(1)
    assert.throws(() => readdirSync(spool.folder), { code: 'ENOENT' })
  })

  it('removes a file once it is stored and large enough, and goes on in another', async (t) => {
    const { spool, files } = open(t)
    const long = 'x'.repeat(1_000)
    for (let index = 0; index < 400; index++) spool.append(record(long), HOW)
    await spool.flush()
    let stored = 0
    for (let lines = await spool.next(0); lines.length > 0; lines = await spool.next(stored)) {
      stored = lines.at(-1)?.n ?? stored
      await spool.release(stored)
    }
    assert.equal(stored, 400)
    assert.deepEqual(files(), [])
    spool.append(record('after'), HOW)
    await spool.flush()
    assert.deepEqual(textsOf(await spool.next(stored)), [[401, 'after']])
    assert.deepEqual(files(), ['000000002.jsonl'])
  })

  it('is found by the next process, whose crash-torn last line is left out', async (t) => {
    const { spool, left, logs } = open(t)
    for (const text of ['one', 'two']) spool.append(record(text), HOW)
    await spool.flush()
    const file = path.join(spool.folder, '000000001.jsonl')
    appendFileSync(file, readFileSync(file, 'utf8').split('\n')[0]?.slice(0, 40) ?? '')
    const [found, ...others] = await left()
    assert.deepEqual(others, [])
    assert.equal(found?.id, spool.id)
    assert.deepEqual(textsOf((await found?.next(0)) ?? []), [
      [1, 'one'],
      [2, 'two']
    ])
    assert.deepEqual(await found?.next(2), [])
    assert.equal(logs.of('spool.torn').length, 1)
    await found?.remove()
    assert.deepEqual(await left(), [])
  })

  it('gives out what is whole of a damaged file, and says how much is not', async (t) => {
    const { spool, left, logs } = open(t)
    for (const text of ['one', 'two', 'three']) spool.append(record(text), HOW)
    await spool.flush()
    const file = path.join(spool.folder, '000000001.jsonl')
    const lines = readFileSync(file, 'utf8').split('\n')
    writeFileSync(file, [lines[0], '{"n":2,"call"\u0000\u0000', lines[2], ''].join('\n'))
    const [found] = await left()
    assert.deepEqual(textsOf((await found?.next(0)) ?? []), [
      [1, 'one'],
      [3, 'three']
    ])
    assert.equal(logs.of('spool.damaged').length, 1)
    await found?.close()
    assert.doesNotMatch(JSON.stringify(logs.lines), /5550123/)
  })

  it('of another replica is left alone while its owner lives, and taken over when they are gone', async (t) => {
    const { spool, left } = open(t, 'b')
    spool.append(record('one'), HOW)
    await spool.flush()
    assert.deepEqual(await left(), [])
    const owner = path.join(spool.folder, OWNER_FILE)
    const longAgo = new Date(Date.now() - 61_000)
    utimesSync(owner, longAgo, longAgo)
    assert.equal((await left()).length, 1)
    await spool.touch()
    assert.deepEqual(await left(), [])
    assert.equal((await left({ replicaId: 'b' })).length, 1, 'of the same replica there is no other process')
    assert.equal((await left({ silentMs: 0 })).length, 1, 'nobody else can be there')
  })

  it('goes on in memory where its folder cannot be made, and says why', async (t) => {
    const folder = path.join(mkdtempSync(path.join(tmpdir(), 'offhook-spool-')), 'file')
    writeFileSync(folder, '')
    const { spool, logs } = open(t, 'a', folder)
    spool.append(record('one'), HOW)
    await spool.flush()
    assert.deepEqual(textsOf(await spool.next(0)), [[1, 'one']])
    assert.equal(logs.of('spool.failed')[0]?.level, 'error')
    assert.equal(logs.of('spool.failed').length, 1)
  })
})
