import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { npmArguments } from '../../../cli/phone/npm-arguments.ts'
import { UsageError } from '../../../cli/phone/phone-error.ts'

const NAMES = ['server', 'say', 'barge-in-ms']

describe('a command line without the -- that npm wants', () => {
  it('is put together again where it can be', () => {
    assert.deepEqual(npmArguments(['800'], { npm_config_barge_in_ms: 'true' }, NAMES), ['--barge-in-ms=800'])
    const whole = { npm_config_barge_in_ms: '800', npm_config_say: 'good morning' }
    assert.deepEqual(npmArguments([], whole, NAMES), ['--say=good morning', '--barge-in-ms=800'])
  })

  it('is refused where it is not known which value is whose', () => {
    const env = { npm_config_barge_in_ms: 'true', npm_config_say: 'true' }
    const refusal = (error: unknown) =>
      error instanceof UsageError && /--say, --barge-in-ms .*put -- before/.test(error.message)
    assert.throws(() => npmArguments(['800', 'hello'], env, NAMES), refusal)
  })

  it('is left alone where npm has kept nothing', () => {
    assert.deepEqual(npmArguments(['--say', 'hello'], { npm_config_say: 'true' }, NAMES), ['--say', 'hello'])
    assert.deepEqual(npmArguments(['hello'], {}, NAMES), ['hello'])
    assert.deepEqual(npmArguments([], {}, NAMES), [])
  })
})
