import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'

const SERVER = path.resolve(import.meta.dirname, '../server.ts')
/** Far more than a start that is refused takes. */
const END_DEADLINE_MS = 20_000

interface Refusal {
  /** null: it did not end by itself. */
  readonly exitCode: number | null
  readonly log: readonly Record<string, unknown>[]
}

async function makeDataDir(test: TestContext): Promise<string> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'offhook-refused-'))
  test.after(() => rm(dataDir, { recursive: true, force: true }))
  return dataDir
}

function start(env: Record<string, string>): Promise<Refusal> {
  return new Promise((resolve) => {
    const options = {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', HOST: '127.0.0.1', ...env },
      timeout: END_DEADLINE_MS
    }
    const child = execFile(process.execPath, [SERVER], options, (_error, stdout) => {
      const lines = stdout.split('\n').filter((line) => line.startsWith('{'))
      resolve({ exitCode: child.exitCode, log: lines.map((line) => JSON.parse(line)) })
    })
  })
}

describe('a start that is refused', () => {
  it('ends with what is wrong where no tapes can be written, and leaves no database running', async (test) => {
    const dataDir = await makeDataDir(test)
    const tapes = path.join(dataDir, 'tapes')
    await writeFile(tapes, 'no folder')
    const { exitCode, log } = await start({ DATA_DIR: dataDir, RECORD_TAPES: 'true' })
    const { event, faults } = log.at(-1) ?? {}
    assert.deepEqual(
      { exitCode, event, faults },
      {
        exitCode: 1,
        event: 'config.invalid',
        faults: [`RECORD_TAPES: expected a folder that can be written at ${tapes} (EEXIST)`]
      }
    )
    await assert.rejects(access(path.join(dataDir, 'postgres', 'cluster', 'postmaster.pid')))
  })
})
