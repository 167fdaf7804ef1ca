import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AudioListener } from '../../routes/audio-listener.ts'
import { FakeSocket } from '../support/fake-socket.ts'

function createRig() {
  const socket = new FakeSocket()
  let now = 0
  const left: string[] = []
  const listener = new AudioListener({ socket, now: () => now })
  listener.follow('call', 'stream', () => left.push('call'))
  return {
    socket,
    listener,
    left,
    pass(ms: number) {
      now += ms
    }
  }
}

describe('AudioListener', () => {
  it('loses audio while it is behind, and hears on when it has caught up', () => {
    const { listener, socket, pass } = createRig()
    listener.play('one')
    socket.bufferedAmount = 70_000
    listener.play('two')
    pass(9_000)
    listener.play('three')
    socket.bufferedAmount = 0
    listener.play('four')
    assert.deepEqual(socket.sent, ['one', 'four'])
    assert.deepEqual(socket.closes, [])
  })

  it('is cut off when it has taken nothing for 10 s, and asks nothing of any call from then on', () => {
    const { listener, socket, left, pass } = createRig()
    socket.bufferedAmount = 70_000
    listener.play('one')
    pass(9_999)
    listener.play('two')
    assert.deepEqual(left, [])
    pass(1)
    listener.play('three')
    assert.deepEqual(socket.closes, [{ code: 1008, reason: 'too_slow' }])
    assert.deepEqual(left, ['call'])
    assert.deepEqual(socket.sent, [])
  })

  it('is patient again after it has caught up once', () => {
    const { listener, socket, pass } = createRig()
    for (let i = 0; i < 5; i++) {
      socket.bufferedAmount = 70_000
      listener.play('lost')
      pass(9_000)
      socket.bufferedAmount = 0
      listener.play('heard')
    }
    assert.deepEqual(socket.closes, [])
    assert.equal(socket.sent.length, 5)
  })

  it('may be as far behind in each call as in one', () => {
    const { listener, socket } = createRig()
    listener.follow('other', 'other stream', () => {})
    socket.bufferedAmount = 100_000
    listener.play('heard')
    assert.deepEqual(socket.sent, ['heard'])
  })

  it('is told of the end of a call once, and of no call that it does not follow', () => {
    const { listener, socket, left } = createRig()
    listener.stop('unknown')
    listener.stop('call')
    listener.stop('call')
    assert.deepEqual(socket.frames, [{ event: 'stop', stream_id: 'stream' }])
    assert.deepEqual(left, ['call'])
  })
})
