import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { describe, it } from 'node:test'
import { createLogger, numberTail } from '../../services/logger.ts'

function capture(level = 'info', pretty = false) {
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    }
  })
  return { lines, log: createLogger({ level, pretty, destination }) }
}

describe('logger', () => {
  it('writes one JSON object a line, with the level as a word, the message and the time', () => {
    const { lines, log } = capture()
    log.warn({ event: 'thing.happened', callId: 'c' }, 'A thing\nhappened')
    assert.equal(lines.length, 1)
    assert.equal(lines[0].indexOf('\n'), lines[0].length - 1)
    const { time, ...rest } = JSON.parse(lines[0])
    assert.equal(typeof time, 'number')
    assert.deepEqual(rest, {
      level: 'warn',
      event: 'thing.happened',
      callId: 'c',
      message: 'A thing\nhappened'
    })
  })

  it('keeps to its level', () => {
    const { lines, log } = capture('warn')
    log.info('quiet')
    log.child({ callId: 'c' }).debug('quiet')
    assert.deepEqual(lines, [])
  })

  it('takes a level that is none for info, so that its refusal can be told', () => {
    const { lines, log } = capture('loud')
    log.info('heard')
    log.debug('quiet')
    assert.equal(lines.length, 1)
  })

  it('blots out secrets that should not have come so far', () => {
    const { lines, log } = capture()
    log.info(
      { config: { apiKey: 's3cret', password: 's3cret', token: 's3cret' }, authorization: 's3cret' },
      'x'
    )
    log.info({ headers: { authorization: 's3cret' }, req: { headers: { cookie: 's3cret' } } }, 'x')
    assert.doesNotMatch(lines.join(), /s3cret/)
  })

  it('is readable at a terminal', () => {
    const { lines, log } = capture('info', true)
    log.info({ event: 'server.started', port: 5001 }, 'Offhook listening')
    assert.match(lines.join(''), /Offhook listening server\.started/)
    assert.match(lines.join(''), /port.*5001/)
  })

  it('says no more of a phone number than its last four digits', () => {
    assert.equal(numberTail('+13125550100'), '…0100')
    assert.equal(numberTail(null), null)
  })
})
