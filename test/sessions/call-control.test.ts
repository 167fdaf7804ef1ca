import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pino } from 'pino'
import { PCMU_8K } from '../../audio/format.ts'
import { CallControl } from '../../sessions/call-control.ts'
import { createCallEvents } from '../../sessions/call-events.ts'
import { CallRegistry } from '../../sessions/call-registry.ts'
import type { CallEvent } from '../../sessions/contracts/call-events.ts'
import type { Carrier, DialledCall } from '../../sessions/contracts/carrier.ts'
import { CallError } from '../../sessions/errors.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedEngine } from '../support/scripted-engine.ts'
import { settle, testProfile } from '../support/session-rig.ts'
import { VirtualCarrier } from '../support/virtual-carrier.ts'

const RING = { carrierCallId: 'v3:one', from: '+13125550100', to: '+13125550199' }
const PLACED = { from: '+13125550199', to: '+13125550100', profile: testProfile }
const refused = new CallError('CARRIER_REFUSED', 'refused', { detail: 'stream_track' })
const over = new CallError('CALL_OVER', 'over', { detail: '90018' })

function createRig(overrides: Partial<Carrier> & { maxConcurrentCalls?: number } = {}) {
  const clock = new ManualClock()
  const commands: string[] = []
  const lines: Record<string, unknown>[] = []
  const published: CallEvent[] = []
  const engines: ScriptedEngine[] = []
  const asked: (string | null)[] = []
  const events = createCallEvents({ now: () => clock.now(), onListenerError: () => {} })
  events.subscribe(({ event }) => published.push(event))
  const registry = new CallRegistry({ maxConcurrentCalls: overrides.maxConcurrentCalls ?? 10, clock })
  const control = new CallControl({
    registry,
    events,
    clock,
    log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    maxCallMs: 3_600_000,
    agentForNumber: async (number) => {
      asked.push(number)
      return testProfile
    },
    createEngine: () => {
      const engine = new ScriptedEngine()
      engines.push(engine)
      return engine
    },
    onAddedLatency: () => {},
    openTape: null,
    createTools: () => ({ tools: [], later: null }),
    mintStream: ({ carrierCallId }) => ({ url: `wss://host/${carrierCallId}`, token: 'token' })
  })
  const take = (command: string) => async () => void commands.push(command)
  const carrier: Carrier = {
    name: 'telnyx',
    streamFormat: PCMU_8K,
    answer: take('answer'),
    refuse: take('refuse'),
    hangUp: take('hangUp'),
    dial: async ({ callId }) => ({ carrierCallId: `v3:${callId}`, stream: null }),
    dialAnswered: take('dialAnswered'),
    transfer: take('transfer'),
    startStream: async (_id, { url }) => {
      commands.push('startStream')
      return { streamUrl: url, parameters: { stream_track: 'inbound_track' } }
    },
    ...overrides
  }
  const types = () => published.map(({ type }) => type)
  const ends = () => published.flatMap((event) => (event.type === 'call.ended' ? [event.reason] : []))
  return { clock, commands, lines, published, engines, asked, registry, control, carrier, types, ends }
}

describe('CallControl', () => {
  it('answers a ringing call once, for the agent of the number that was dialled', async () => {
    const { control, carrier, commands, asked, published, types } = createRig()
    await Promise.all([control.ringing(carrier, RING), control.ringing(carrier, RING)])
    await control.ringing(carrier, RING)
    assert.deepEqual(commands, ['answer'])
    assert.deepEqual(new Set(asked), new Set(['+13125550199']))
    assert.deepEqual(types(), ['call.initiated'])
    assert.equal(published.length, 1)
  })

  it('opens the engine at the answer, and does not wait with it for the stream', async () => {
    const stream = Promise.withResolvers<never>()
    const { control, carrier, engines, types } = createRig({ startStream: () => stream.promise })
    await control.ringing(carrier, RING)
    void control.answered(carrier, RING.carrierCallId)
    await settle()
    assert.equal(engines.length, 1)
    assert.deepEqual(types(), ['call.initiated', 'call.answered'])
  })

  it('opens one session, however often the carrier says that it answered', async () => {
    const { control, carrier, engines, commands, types } = createRig()
    await control.ringing(carrier, RING)
    await Promise.all([control.answered(carrier, 'v3:one'), control.answered(carrier, 'v3:one')])
    assert.equal(engines.length, 1)
    assert.deepEqual(commands, ['answer', 'startStream'])
    assert.deepEqual(types(), ['call.initiated', 'call.answered', 'stream.requested'])
  })

  it('gives up a call that the carrier would not answer, and names the parameter', async () => {
    const { control, carrier, registry, ends, lines, clock } = createRig({
      answer: () => Promise.reject(refused)
    })
    await control.ringing(carrier, RING)
    assert.deepEqual([ends(), registry.size, clock.pending], [['carrier_failed'], 0, 0])
    const { event, command, code, parameter } = lines[0]
    assert.deepEqual(
      [event, command, code, parameter],
      ['carrier.refused', 'answer', 'CARRIER_REFUSED', 'stream_track']
    )
  })

  it('ends and hangs up a call whose stream the carrier would not start', async () => {
    const { control, carrier, registry, ends, commands, lines } = createRig({
      startStream: () => Promise.reject(refused)
    })
    await control.ringing(carrier, RING)
    await control.answered(carrier, 'v3:one')
    assert.deepEqual([ends(), commands, registry.size], [['carrier_failed'], ['answer', 'hangUp'], 0])
    assert.deepEqual([lines[0].command, lines[0].parameter], ['streaming_start', 'stream_track'])
  })

  it('takes a call that is over before it could be answered for hung up by the caller', async () => {
    const { control, carrier, commands, registry, ends, lines, clock } = createRig({
      answer: () => Promise.reject(over)
    })
    await control.ringing(carrier, RING)
    control.hungUp('v3:one')
    assert.deepEqual([ends(), registry.size, clock.pending], [['caller_hung_up'], 0, 0])
    assert.deepEqual([commands, lines], [[], []])
  })

  it('takes a call that is over before its stream could be started for hung up by the caller', async () => {
    const { control, carrier, commands, ends, lines, registry } = createRig({
      startStream: () => Promise.reject(over)
    })
    await control.ringing(carrier, RING)
    await control.answered(carrier, 'v3:one')
    await settle()
    assert.deepEqual([ends(), commands, registry.size], [['caller_hung_up'], ['answer'], 0])
    assert.deepEqual(lines, [])
  })

  it('takes a call that is over when its lost stream is asked for again for hung up by the caller', async () => {
    let asked = 0
    const { control, carrier, registry, ends, clock } = createRig({
      startStream: async () => {
        asked += 1
        if (asked === 2) throw over
        return { streamUrl: 'wss://host', parameters: {} }
      }
    })
    await control.ringing(carrier, RING)
    await control.answered(carrier, 'v3:one')
    const media = new VirtualCarrier({ clock })
    registry.find('v3:one')?.session?.attachMedia(media)
    media.vanish()
    clock.advance(1000)
    await settle()
    assert.deepEqual([ends(), asked], [['caller_hung_up'], 2])
  })

  it('frees the place of a call that was never answered', async () => {
    const { control, carrier, clock, registry, ends, published } = createRig()
    await control.ringing(carrier, RING)
    clock.advance(29_999)
    assert.equal(registry.size, 1)
    clock.advance(1)
    assert.deepEqual([registry.size, ends()], [0, ['carrier_failed']])
    const ended = published.at(-1)
    assert.equal(ended?.type === 'call.ended' && ended.answeredAt, null)
  })

  it('hangs up a call that was never answered: its answer may come yet, with nobody to speak', async () => {
    const { control, carrier, clock, commands, engines, ends } = createRig()
    await control.ringing(carrier, RING)
    clock.advance(30_000)
    await control.answered(carrier, RING.carrierCallId)
    await settle()
    assert.deepEqual([commands, engines.length, ends()], [['answer', 'hangUp'], 0, ['carrier_failed']])
    assert.equal(clock.pending, 0)
  })

  it('hangs up a call that it placed and that rings for too long, and survives a refusal of that', async () => {
    const hungUp: string[] = []
    const { control, carrier, clock, ends, lines, registry } = createRig({
      hangUp: (id) => {
        hungUp.push(id)
        return Promise.reject(refused)
      }
    })
    await control.place(carrier, PLACED, async () => ({ carrierCallId: 'v3:out', stream: null }))
    clock.advance(90_000)
    await settle()
    assert.deepEqual([hungUp, ends(), registry.size], [['v3:out'], ['carrier_failed'], 0])
    assert.deepEqual([lines[0].event, lines[0].carrierCallId], ['carrier.hang_up_failed', 'v3:out'])
  })

  it('hangs up a call that it gave up before the carrier replied to the dial, and tells of it in order', async () => {
    const dialled = Promise.withResolvers<DialledCall>()
    const { control, carrier, clock, commands, types } = createRig()
    const placed = control.place(carrier, PLACED, () => dialled.promise)
    clock.advance(90_000)
    await settle()
    assert.deepEqual([commands, types()], [[], ['call.initiated', 'call.ended']])
    dialled.resolve({ carrierCallId: 'v3:out', stream: null })
    await placed
    assert.deepEqual([commands, types()], [['hangUp'], ['call.initiated', 'call.ended']])
  })

  it('ends and hangs up what rings when the time to drain is up, either way', async () => {
    const { control, carrier, clock, registry, commands, published, ends } = createRig()
    await control.ringing(carrier, RING)
    await control.place(carrier, PLACED, async () => ({ carrierCallId: 'v3:out', stream: null }))
    const drained = registry.drain(10_000)
    clock.advance(9_999)
    assert.deepEqual(ends(), [])
    clock.advance(1)
    await drained
    assert.deepEqual(
      [ends(), commands],
      [
        ['draining', 'draining'],
        ['answer', 'hangUp', 'hangUp']
      ]
    )
    const ended = published.at(-1)
    assert.equal(ended?.type === 'call.ended' && ended.answeredAt, null)
    assert.deepEqual([registry.size, clock.pending], [0, 0])
  })

  it('ends once a call that is hung up while it is being answered', async () => {
    const answer = Promise.withResolvers<void>()
    const { control, carrier, ends, registry, clock } = createRig({ answer: () => answer.promise })
    const ringing = control.ringing(carrier, RING)
    await settle()
    control.hungUp('v3:one')
    answer.reject(refused)
    await ringing
    assert.deepEqual([ends(), registry.size, clock.pending], [['caller_hung_up'], 0, 0])
  })

  it('tells nothing more of a call that ended while its stream was being asked for', async () => {
    const stream = Promise.withResolvers<{ streamUrl: string; parameters: object }>()
    const { control, carrier, types } = createRig({
      startStream: () => stream.promise as ReturnType<Carrier['startStream']>
    })
    await control.ringing(carrier, RING)
    const answered = control.answered(carrier, 'v3:one')
    control.hungUp('v3:one')
    stream.resolve({ streamUrl: 'wss://host', parameters: {} })
    await answered
    assert.equal(types().at(-1), 'call.ended')
  })

  it('declines a call where there is no room, and survives a carrier that refuses even that', async () => {
    const { control, carrier, ends, registry, lines } = createRig({
      maxConcurrentCalls: 0,
      refuse: () => Promise.reject(refused)
    })
    await control.ringing(carrier, RING)
    assert.deepEqual([ends(), registry.size], [['rejected_capacity'], 0])
    assert.equal(lines[0].command, 'reject')
  })

  it('ignores an answer, a hang-up and a failed stream of a call that it does not know', async () => {
    const { control, carrier, published, commands } = createRig()
    await control.answered(carrier, 'v3:nobody')
    control.hungUp('v3:nobody')
    control.streamFailed('v3:nobody')
    assert.deepEqual([published, commands], [[], []])
  })

  it('frees the place of a call when it is over', async () => {
    const { control, carrier, registry, clock } = createRig({ maxConcurrentCalls: 1 })
    await control.ringing(carrier, RING)
    await control.answered(carrier, 'v3:one')
    assert.equal(registry.refusal(), 'rejected_capacity')
    control.hungUp('v3:one')
    await settle()
    assert.deepEqual([registry.refusal(), registry.size, clock.pending], [null, 0, 0])
  })

  it('refuses a test call where there is no room, saying why', () => {
    const { control } = createRig({ maxConcurrentCalls: 0 })
    assert.throws(() => control.openTestCall({ profile: testProfile, format: PCMU_8K }), {
      code: 'INVALID_STATE',
      detail: 'rejected_capacity',
      retryable: true
    })
  })
})
