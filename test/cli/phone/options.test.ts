import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseOptions } from '../../../cli/phone/options.ts'
import { UsageError } from '../../../cli/phone/phone-error.ts'

describe('options of the phone', () => {
  it('talks to the default agent over PCMU where nothing is said otherwise', () => {
    const options = parseOptions([])
    assert.equal(options.server.href, 'http://localhost:5001/')
    assert.deepEqual(options.format, { encoding: 'pcmu', sampleRate: 8000 })
    assert.equal(options.agentId, null)
    assert.equal(options.timeoutMs, 120_000)
    assert.deepEqual(
      options.turns.map(({ kind }) => kind),
      ['say', 'say']
    )
  })

  it('keeps sentences and recordings in the order of the command line, after the keys', () => {
    const { turns } = parseOptions(['--say', 'one', '--wav', 'two.wav', '--say', 'three', '--dtmf', '12#a'])
    assert.deepEqual(turns, [
      { kind: 'dial', digits: '12#A' },
      { kind: 'say', text: 'one' },
      { kind: 'wav', path: 'two.wav' },
      { kind: 'say', text: 'three' }
    ])
  })

  it('speaks L16 at 24 kHz unless another rate is given', () => {
    assert.equal(parseOptions(['--codec', 'L16']).format.sampleRate, 24_000)
    assert.equal(parseOptions(['--codec', 'l16', '--rate', '16000']).format.sampleRate, 16_000)
  })

  it('adds an interjection where there is nothing left to interrupt with', () => {
    const only = parseOptions(['--say', 'hello', '--barge-in-ms', '600'])
    assert.deepEqual(only.turns.at(-1), { kind: 'say', text: 'wait, excuse me' })
    assert.equal(only.turns.length, 2)
    const two = parseOptions(['--say', 'hello', '--say', 'goodbye', '--barge-in-ms', '600'])
    assert.equal(two.turns.length, 2)
  })

  const faults: [string[], RegExp][] = [
    [['--loud'], /--loud/],
    [['hello'], /hello/],
    [['--say'], /--say/],
    [['--say', '…!'], /^--say: expected words to speak, not "…!"/],
    [['--say', 'a'.repeat(601)], /^--say: expected at most 600 characters/],
    [['--codec', 'OPUS'], /^--codec: expected PCMU, PCMA or L16, not "OPUS"/],
    [['--carrier', 'vonage'], /^--carrier: expected telnyx or twilio/],
    [['--carrier', 'twilio', '--codec', 'L16'], /^--codec: expected PCMU with --carrier twilio, not "L16"/],
    [['--rate', '16000'], /^--rate: expected 8000 with --codec PCMU, not "16000"/],
    [['--codec', 'L16', '--rate', '44100'], /^--rate: expected 8000, 16000 or 24000/],
    [['--barge-in-ms', 'soon'], /^--barge-in-ms: expected a whole number of milliseconds/],
    [['--barge-in-ms', ''], /^--barge-in-ms: expected .* not nothing/],
    [['--timeout', '0'], /^--timeout: expected a whole number of seconds from 1/],
    [['--dtmf', '12x'], /^--dtmf: expected keys/],
    [['--server', 'localhost:5001'], /^--server: expected an address such as/],
    [['--agent', ''], /^--agent: expected an agent's id/]
  ]
  for (const [args, message] of faults) {
    it(`refuses ${args.join(' ').slice(0, 40)} by the name of the option`, () => {
      assert.throws(
        () => parseOptions(args),
        (error) => error instanceof UsageError && message.test(error.message)
      )
    })
  }
})
