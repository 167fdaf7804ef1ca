import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PCMU_8K } from '../../audio/format.ts'
import { createCallEvents } from '../../sessions/call-events.ts'
import type { HeldCall } from '../../sessions/call-registry.ts'
import type { ReplyCarrier, TransferOutcome } from '../../sessions/contracts/carrier.ts'
import { CallError } from '../../sessions/errors.ts'
import { Transfers } from '../../sessions/transfers.ts'
import { createRig, settle, testCall, testProfile } from '../support/session-rig.ts'

/** What the phone rings, and what the carrier takes to tell. */
const EXPIRY_MS = 45_000

type Rig = ReturnType<typeof createRig>

async function startTransfer(carrier: Partial<ReplyCarrier>, before = (_rig: Rig): void => {}) {
  let asked = 0
  const rig = createRig({ reconnect: async () => void asked++ })
  await rig.connect()
  before(rig)
  const { clock, session } = rig
  const events = createCallEvents({ now: () => clock.now(), onListenerError: () => {} })
  const transfers = new Transfers({ clock, events })
  const held = { call: testCall, profile: testProfile, session } as unknown as HeldCall
  const taking = {
    name: 'twilio',
    streamFormat: PCMU_8K,
    transfer: async () => {},
    ...carrier
  } as ReplyCarrier
  const outcomes: TransferOutcome[] = []
  const running = transfers.start(held, taking, '+13125550111')
  running.then(
    (outcome) => outcomes.push(outcome),
    () => undefined
  )
  await settle()
  rig.carrier.stop()
  return { rig, transfers, outcomes, reconnects: () => asked }
}

describe('a transfer of which the carrier tells nothing', () => {
  it('brings the agent back once the phone has rung its time', async () => {
    const { rig, outcomes, reconnects } = await startTransfer({})
    rig.clock.advance(EXPIRY_MS - 1)
    await settle()
    assert.deepEqual([outcomes, reconnects()], [[], 0])
    rig.clock.advance(1)
    await settle()
    assert.deepEqual([outcomes, reconnects()], [['failed'], 1])
    assert.equal(rig.of('call.ended').length, 0)
  })

  it('does not take the caller out of a conversation that the carrier knows of when asked', async () => {
    const { rig, outcomes, reconnects } = await startTransfer({ transferAnswered: async () => true })
    rig.clock.advance(EXPIRY_MS)
    await settle()
    assert.deepEqual([outcomes, reconnects()], [['answered'], 0])
    assert.equal(rig.of('call.ended')[0].reason, 'transferred')
  })

  it('brings the agent back where the carrier cannot be asked', async () => {
    const away = async () => Promise.reject(new Error('away'))
    const { rig, outcomes, reconnects } = await startTransfer({ transferAnswered: away })
    rig.clock.advance(EXPIRY_MS)
    await settle()
    assert.deepEqual([outcomes, reconnects()], [['failed'], 1])
  })
})

describe('a caller who is being handed over', () => {
  it('is not hung up on where the engine is lost meanwhile, and is where the agent should come back', async () => {
    const { rig } = await startTransfer({})
    rig.clock.advance(5000)
    rig.engine.emit('failed', new CallError('ENGINE_UNAVAILABLE', 'lost'))
    rig.clock.advance(20_000)
    await settle()
    assert.deepEqual([rig.of('call.ended'), rig.hangUps], [[], []])
    rig.clock.advance(EXPIRY_MS)
    await settle()
    assert.equal(rig.of('call.ended')[0].reason, 'engine_failed')
  })

  it('has no stream asked for that was lost just before', async () => {
    const { rig, reconnects } = await startTransfer({}, ({ carrier, clock }) => {
      carrier.vanish()
      clock.advance(500)
    })
    rig.clock.advance(20_000)
    await settle()
    assert.deepEqual([reconnects(), rig.of('call.ended')], [0, []])
  })
})
