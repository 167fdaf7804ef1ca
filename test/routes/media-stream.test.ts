import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type RouteRig, startRouteRig } from '../support/route-rig.ts'
import { turns, until } from '../support/until.ts'

const START = {
  event: 'start',
  stream_id: 's',
  start: { media_format: { encoding: 'PCMU', sample_rate: 8000, channels: 1 } }
}

describe('media-stream admission', { timeout: 60_000 }, () => {
  let rig: RouteRig

  beforeEach(async () => {
    rig = await startRouteRig()
  })

  afterEach(() => rig.close())

  it('takes the token in the address, or in the header', async () => {
    const first = rig.openCall()
    assert.equal(await rig.upgradeStatus(first.path(rig.tokens.mint(first.call.callId))), 101)
    const second = rig.openCall()
    const header = { 'x-telnyx-streaming-auth-token': rig.tokens.mint(second.call.callId) }
    assert.equal(await rig.upgradeStatus(`/media-stream-ws?call_id=${second.call.callId}`, header), 101)
    await until(() => first.session?.connected && second.session?.connected, 'both media sockets')
  })

  it('answers 401 before the upgrade to a missing, wrong, used or expired token and to that of another call', async () => {
    const { call, path, session, engine } = rig.openCall()
    const other = rig.openCall()
    const expired = rig.tokens.mint(call.callId)
    rig.clock.advance(0)
    const used = rig.tokens.mint(call.callId)
    assert.equal(await rig.tokens.redeem(used, call.callId), null)
    assert.equal(await rig.upgradeStatus(`/media-stream-ws?call_id=${call.callId}`), 401)
    assert.equal(await rig.upgradeStatus(path('wrong')), 401)
    assert.equal(await rig.upgradeStatus(path(used)), 401)
    assert.equal(await rig.upgradeStatus(path(rig.tokens.mint(other.call.callId))), 401)
    const mine = rig.tokens.mint(call.callId)
    assert.equal(await rig.upgradeStatus(`/media-stream-ws?token=${mine}`), 401)
    assert.equal(session?.connected, false)
    assert.equal(engine.closed, 0)
    rig.clock.advance(60_000)
    assert.equal(await rig.upgradeStatus(path(expired)), 401)
  })

  it('opens no engine for a call that it does not hold', async () => {
    const token = rig.tokens.mint('nobody')
    assert.equal(await rig.upgradeStatus(`/media-stream-ws?call_id=nobody&token=${token}`), 401)
    assert.equal(rig.engines.length, 0)
  })

  it('takes the same token once, also from two sockets at the same time', async () => {
    const { call, path } = rig.openCall()
    const address = path(rig.tokens.mint(call.callId))
    const statuses = await Promise.all([rig.upgradeStatus(address), rig.upgradeStatus(address)])
    assert.deepEqual(statuses.toSorted(), [101, 401])
  })

  it('answers 429 after 20 refused attempts, and never to a good token', async () => {
    const { path } = rig.openCall()
    for (let attempt = 1; attempt <= 20; attempt++)
      assert.equal(await rig.upgradeStatus(path('wrong')), 401, `attempt ${attempt}`)
    assert.equal(await rig.upgradeStatus(path('wrong')), 429)
    assert.equal(await rig.upgradeStatus(path('wrong')), 429)
    const good = rig.openCall()
    assert.equal(await rig.upgradeStatus(good.path(rig.tokens.mint(good.call.callId))), 101)
    assert.match(await rig.metrics.render(), /offhook_refused_total\{reason="media_rate_limit"\} 2/)
  })

  it('does not count good tokens against their address', async () => {
    for (let attempt = 0; attempt < 30; attempt++) {
      const { call, path } = rig.openCall()
      assert.equal(await rig.upgradeStatus(path(rig.tokens.mint(call.callId))), 101)
    }
  })

  it('tells a request that is no upgrade what was expected', async () => {
    const { call, path } = rig.openCall()
    const response = await rig.app.inject({ url: path(rig.tokens.mint(call.callId)) })
    assert.equal(response.statusCode, 426)
    assert.equal(response.json().error, 'upgrade_required')
    const refused = await rig.app.inject({ url: path('wrong') })
    assert.equal(refused.statusCode, 401)
    assert.equal(refused.json().error, 'invalid_stream_token')
  })
})

describe('media-stream socket', { timeout: 60_000 }, () => {
  let rig: RouteRig

  beforeEach(async () => {
    rig = await startRouteRig()
  })

  afterEach(() => rig.close())

  async function connected() {
    const opened = rig.openCall()
    await opened.engine.becomeReady()
    const socket = rig.connect(opened.path(rig.tokens.mint(opened.call.callId)))
    await once(socket, 'open')
    socket.send(JSON.stringify(START))
    return { ...opened, socket }
  }

  it('hears a frame that was sent in the moment of opening', async () => {
    const { engine, socket } = await connected()
    const payload = Buffer.alloc(160, 0x21).toString('base64')
    socket.send(JSON.stringify({ event: 'media', media: { track: 'inbound', chunk: '1', payload } }))
    await until(() => engine.heardFromCaller.length > 0, 'the frame at the engine')
    assert.equal(engine.heardFromCaller[0][0], 0x21)
  })

  it('closes with 1009 at a frame of more than 64 KiB, and takes one of 64 KiB', async () => {
    const { socket, session } = await connected()
    socket.send(' '.repeat(64 * 1024 - 2).concat('{}'))
    socket.ping()
    await once(socket, 'pong')
    assert.equal(session?.connected, true)
    const closed = once(socket, 'close')
    socket.send(' '.repeat(64 * 1024 + 1))
    assert.equal((await closed)[0], 1009)
  })

  it('ends a call of which 20 frames were malformed with 1008, and that call alone', async () => {
    const bad = await connected()
    const good = await connected()
    const closed = once(bad.socket, 'close')
    for (let frame = 1; frame < 20; frame++) bad.socket.send('not json')
    bad.socket.ping()
    await once(bad.socket, 'pong')
    assert.equal(rig.endReasonOf(bad.call.callId), null)
    bad.socket.send('{"event":"media"}')
    assert.equal((await closed)[0], 1008)
    assert.equal(rig.endReasonOf(bad.call.callId), 'media_lost')
    await turns()
    assert.equal(rig.endReasonOf(good.call.callId), null)
    assert.equal(good.session?.connected, true)
    assert.match(await rig.metrics.render(), /offhook_malformed_frames_total 20/)
  })
})
