import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { PCMU_8K } from '../../audio/format.ts'
import { encodeMulawSample } from '../../audio/g711.ts'
import { OPERATOR_TOKEN, type RouteRig, startRouteRig } from '../support/route-rig.ts'
import { turns, until } from '../support/until.ts'

interface Message {
  readonly type: string
  readonly payload: Record<string, unknown>
}

const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` }

describe('watching live calls', { timeout: 60_000 }, () => {
  let rig: RouteRig

  beforeEach(async () => {
    rig = await startRouteRig()
  })

  afterEach(() => rig.close())

  async function watch(query = '&live=1') {
    const socket = rig.connect(`/call-events?token=${OPERATOR_TOKEN}${query}`)
    const heard: Message[] = []
    socket.on('message', (data) => heard.push(JSON.parse(String(data))))
    await once(socket, 'open')
    const of = (type: string) => heard.filter((message) => message.type === type)
    return { socket, heard, of }
  }

  it('tells the calls that are live, and each as it begins, to those alone who ask', async () => {
    const { call } = rig.openCall()
    const { of } = await watch()
    const plain = await watch('')
    await until(() => of('live.calls').length === 1, 'the calls')
    assert.deepEqual(of('live.calls')[0].payload.calls, [
      {
        call_id: call.callId,
        call_control_id: call.carrierCallId,
        carrier: 'test',
        direction: 'inbound',
        from: null,
        to: null,
        agent_id: 'default',
        agent_name: rig.registry.find(call.callId)?.profile.name,
        answered_at: new Date(rig.clock.now()).toISOString(),
        agent_muted: false,
        caller_muted: false
      }
    ])
    const second = rig.openCall()
    await until(
      () => of('live.call').some(({ payload }) => payload.call_id === second.call.callId),
      'the call'
    )
    await until(() => plain.of('call.answered').length === 1, 'the event')
    assert.deepEqual(
      plain.heard.filter(({ type }) => type.startsWith('live.')),
      []
    )
  })

  it('measures how loud both sides are while somebody wants to know, and touches no call otherwise', async () => {
    const { call, session } = rig.openCall()
    const taps = session!.taps
    const { socket, of } = await watch()
    await turns()
    assert.deepEqual([taps.wants('inbound'), rig.clock.pending > 0 && taps.wants('outbound')], [false, false])

    socket.send('{"levels":true}')
    await until(() => taps.wants('inbound') && taps.wants('outbound'), 'the meters')
    const loud = new Uint8Array(160).fill(encodeMulawSample(12_000))
    const quiet = new Uint8Array(160).fill(encodeMulawSample(300))
    taps.publish('inbound', { payload: loud, format: PCMU_8K, positionMs: 0 })
    taps.publish('inbound', { payload: quiet, format: PCMU_8K, positionMs: 20 })
    taps.publish('outbound', { payload: quiet, format: PCMU_8K, positionMs: 20 })
    rig.clock.advance(100)
    await until(() => of('levels').length === 1, 'the levels')
    const [caller, agent] = (of('levels')[0].payload.calls as Record<string, number[]>)[call.callId]
    assert.ok(caller > 80 && caller < 99, `a voice, not ${caller}`)
    assert.ok(agent > 5 && agent < 30, `a murmur, not ${agent}`)

    // What was told is not told again.
    rig.clock.advance(100)
    await until(() => of('levels').length === 2, 'silence')
    assert.deepEqual(of('levels')[1].payload.calls, {})

    socket.send('{"levels":false}')
    await until(() => !taps.wants('inbound') && !taps.wants('outbound'), 'the end of it')
  })

  it('stops to measure when the last who watches is gone, however they went', async () => {
    const { session } = rig.openCall()
    const { socket } = await watch()
    socket.send('not json')
    socket.send('{"levels":true}')
    await until(() => session!.taps.wants('inbound'), 'the meters')
    socket.terminate()
    await until(() => !session!.taps.wants('inbound'), 'the end of it')
  })

  it('meters a call that begins while somebody watches', async () => {
    const { socket } = await watch()
    socket.send('{"levels":true}')
    await turns()
    const { call, path, session } = rig.openCall()
    const media = rig.connect(path(rig.tokens.mint(call.callId)))
    await once(media, 'open')
    media.send('{"event":"connected","version":"1.0.0"}')
    media.send(
      '{"event":"start","sequence_number":"1","stream_id":"s","start":{"media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}}}'
    )
    await until(() => session!.taps.wants('inbound'), 'the meter')
  })

  it('notes every action on the call, with who did it and from where', async () => {
    const { call } = rig.openCall()
    const as = (operator: string) => ({ ...headers, 'x-operator-name': encodeURIComponent(operator) })
    const url = (action: string) => `/api/calls/${call.callId}/${action}`
    const post = (action: string, payload: object, given: Record<string, string> = headers) =>
      rig.app.inject({ method: 'POST', url: url(action), headers: given, payload })
    await post('say', { text: 'One moment.' }, as('Zoë'))
    await post('whisper', { text: 'Offer a refund.' })
    await post('mute', {})
    await post('unmute', { party: 'caller' })
    await post('transfer', { to: '+13125550100' })
    const listener = rig.connect(
      `/frontend-audio?token=${OPERATOR_TOKEN}&call_id=${call.callId}&track=both&operator=Zo%C3%AB`
    )
    await once(listener, 'open')
    await post('end', {}, as(' '))
    const noted = rig.published.flatMap(({ event }) => (event.type === 'operator.action' ? [event] : []))
    const by = { type: 'operator.action', by: 'operator', address: '127.0.0.1' }
    assert.deepEqual(noted, [
      { ...by, action: 'say', text: 'One moment.', by: 'Zoë' },
      { ...by, action: 'whisper', text: 'Offer a refund.' },
      { ...by, action: 'mute', party: 'agent' },
      { ...by, action: 'unmute', party: 'caller' },
      { ...by, action: 'transfer', to: '+13125550100' },
      { ...by, action: 'listen', tracks: ['inbound', 'outbound'], by: 'Zoë' },
      { ...by, action: 'end' }
    ])
    assert.deepEqual(
      noted.map(({ address }) => address),
      Array(7).fill('127.0.0.1')
    )
  })

  it('tells a wall that opens later who is muted', async () => {
    const { call } = rig.openCall()
    await rig.app.inject({
      method: 'POST',
      url: `/api/calls/${call.callId}/mute`,
      headers,
      payload: { party: 'caller' }
    })
    const { of } = await watch()
    await until(() => of('live.calls').length === 1, 'the calls')
    const [row] = of('live.calls')[0].payload.calls as Record<string, unknown>[]
    assert.deepEqual([row.agent_muted, row.caller_muted], [false, true])
  })

  it('says a text for who has no microphone', async () => {
    const response = await rig.app.inject({
      method: 'POST',
      url: '/api/speech',
      headers,
      payload: { text: 'hello' }
    })
    assert.equal(response.headers['content-type'], 'audio/wav')
    assert.equal(response.rawPayload.subarray(0, 4).toString(), 'RIFF')
    assert.equal(response.rawPayload.length, 44 + 2 * 'hello'.length)
    const refused = await rig.app.inject({ method: 'POST', url: '/api/speech', payload: { text: 'hello' } })
    assert.equal(refused.statusCode, 401)
  })
})
