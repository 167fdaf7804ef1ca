import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCallEvents } from '../../sessions/call-events.ts'
import { testCall } from '../support/session-rig.ts'

function openBus() {
  const faults: unknown[] = []
  const { publish, subscribe } = createCallEvents({
    now: () => 7,
    onListenerError: (error, type) => faults.push([error, type])
  })
  const told: string[] = []
  const digit = (text: string) => publish(testCall, { type: 'dtmf', digit: text })
  const beat = () => publish(testCall, { type: 'call.heartbeat' })
  return { publish, subscribe, faults, told, digit, beat }
}

describe('the bus of call events', () => {
  it('tells every listener what happened, to which call and when', () => {
    const { subscribe, digit } = openBus()
    const heard: unknown[] = []
    subscribe((published) => heard.push(published))
    digit('1')
    assert.deepEqual(heard, [{ call: testCall, at: 7, event: { type: 'dtmf', digit: '1' } }])
  })

  it('tells a listener only what it hears, and all in the order in which they came', () => {
    const { subscribe, told, digit, beat } = openBus()
    subscribe(
      ({ event }) => told.push(`beats ${event.type}`),
      (type) => type === 'call.heartbeat'
    )
    subscribe(({ event }) => told.push(`all ${event.type}`))
    subscribe(
      ({ event }) => told.push(`keys ${event.type}`),
      (type) => type === 'dtmf'
    )
    digit('1')
    beat()
    assert.deepEqual(told, ['all dtmf', 'keys dtmf', 'beats call.heartbeat', 'all call.heartbeat'])
  })

  it('tells one who comes later, and no more one who has left, even during an event', () => {
    const { subscribe, told, digit } = openBus()
    digit('0')
    const leave: (() => void)[] = []
    subscribe(() => {
      told.push('first')
      for (const each of leave) each()
    })
    digit('1')
    leave.push(subscribe(() => told.push('second')))
    digit('2')
    digit('3')
    assert.deepEqual(told, ['first', 'first', 'first'])
    leave.pop()
    subscribe(() => told.push('third'))
    digit('4')
    assert.deepEqual(told.slice(3), ['first', 'third'])
  })

  it('reports a listener that throws, and tells the others', () => {
    const { subscribe, told, faults, digit } = openBus()
    const fault = new Error('mine')
    subscribe(() => {
      throw fault
    })
    subscribe(() => told.push('other'))
    digit('1')
    assert.deepEqual(told, ['other'])
    assert.deepEqual(faults, [[fault, 'dtmf']])
  })
})
