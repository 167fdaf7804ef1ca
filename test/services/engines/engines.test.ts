import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pino } from 'pino'
import { PCMU_8K } from '../../../audio/format.ts'
import { systemClock } from '../../../services/clock.ts'
import { ConfigError, loadConfig } from '../../../services/config.ts'
import { createEngines } from '../../../services/engines/index.ts'
import { testProfile } from '../../support/session-rig.ts'

const KEYS = { OPENAI_API_KEY: 'sk', DEEPGRAM_API_KEY: 'dg' }

async function engineOf(env: Record<string, string>, engine: 'realtime' | 'cascade' | 'local' | null) {
  const warnings: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => warnings.push(JSON.parse(line).event) })
  const engines = await createEngines(loadConfig(env), { clock: systemClock, log })
  const made = engines.create({ ...testProfile, engine }, PCMU_8K, [])
  made.close()
  await engines.close()
  return { name: made.name, format: made.outputFormat, warnings }
}

describe('the engine of a call', () => {
  it('is the one that its agent asks for, or the default', async () => {
    assert.equal((await engineOf(KEYS, null)).name, 'realtime')
    assert.equal((await engineOf(KEYS, 'cascade')).name, 'cascade')
    assert.equal((await engineOf({ ...KEYS, AGENT_ENGINE: 'cascade' }, null)).name, 'cascade')
    assert.equal((await engineOf({ ...KEYS, AGENT_ENGINE: 'cascade' }, 'realtime')).name, 'realtime')
  })

  it('is the default one, with a warning, where the keys of the other are not set', async () => {
    const { name, warnings } = await engineOf({ OPENAI_API_KEY: 'sk' }, 'cascade')
    assert.deepEqual([name, warnings], ['realtime', ['engine.not_configured']])
  })

  it('is none where the dialogue cannot be read, and the variable that leads to it is named', async () => {
    await assert.rejects(engineOf({ LOCAL_DIALOGUE: 'nowhere.yaml' }, 'local'), (error) => {
      assert.ok(error instanceof ConfigError, String(error))
      assert.match(error.faults.join(), /^LOCAL_DIALOGUE: .*nowhere\.yaml.*cannot be read \(ENOENT\)$/s)
      return true
    })
  })

  it('has the audio of the call itself for the cascade', async () => {
    assert.deepEqual((await engineOf(KEYS, 'cascade')).format, PCMU_8K)
  })
})
