import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { type NativeVad, SILERO_WINDOW_SAMPLES, SileroPool } from '../../../services/speech/silero-vad.ts'

const window = new Float32Array(SILERO_WINDOW_SAMPLES)

/** Detects what it is told to. */
class FakeVad implements NativeVad {
  detected = false
  windows = 0
  resets = 0
  clears = 0

  acceptWaveform(): void {
    this.windows++
  }

  isDetected(): boolean {
    return this.detected
  }

  clear(): void {
    this.clears++
  }

  reset(): void {
    this.resets++
  }
}

let made: FakeVad[]
let pool: SileroPool
beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] })
  made = []
  pool = new SileroPool(() => {
    const vad = new FakeVad()
    made.push(vad)
    return vad
  })
})
afterEach(() => {
  pool.close()
  mock.timers.reset()
})

describe('SileroPool', () => {
  it('never makes an instance while a call waits for one', () => {
    const ready = made.length
    const taken = Array.from({ length: ready + 1 }, () => pool.take())
    assert.equal(made.length, ready)
    assert.equal(taken.filter(Boolean).length, ready)
    assert.equal(taken.at(-1), null)
  })

  it('makes others one at a time, until as many are ready as before', () => {
    const ready = made.length
    while (pool.take());
    mock.timers.tick(300)
    assert.equal(made.length, ready + 1)
    for (let step = 0; step < 20; step++) mock.timers.tick(300)
    assert.equal(made.length, 2 * ready)
  })

  it('gives the instance of a call that is over to the next, without a memory of it', () => {
    const ready = made.length
    pool.take()?.close()
    const resets = made.reduce((sum, vad) => sum + vad.resets, 0)
    for (let call = 0; call < 10; call++) {
      const vad = pool.take()
      assert.ok(vad)
      vad.close()
      vad.close()
    }
    assert.equal(made.length, ready)
    assert.equal(made.reduce((sum, vad) => sum + vad.resets, 0) - resets, 10)
    assert.equal(Array.from({ length: ready + 1 }, () => pool.take()).filter(Boolean).length, ready)
  })

  it('has at most 100 instances', () => {
    for (let step = 0; step < 500; step++) {
      while (pool.take());
      mock.timers.tick(300)
    }
    assert.equal(made.length, 100)
  })

  it('refuses a call whose instance is given back', () => {
    const vad = pool.take()
    vad?.close()
    assert.throws(() => vad?.isSpeech(window), /closed/)
  })

  it('starts anew in speech that does not end, before the audio kept of it grows', () => {
    const vad = pool.take()
    const native = made.at(-1)
    assert.ok(vad && native)
    native.detected = true
    const resets = native.resets
    for (let at = 0; at < 10 * 31; at++) vad.isSpeech(window)
    assert.equal(native.resets - resets, 1)
  })

  it('lets go of the audio of speech that has ended', () => {
    const vad = pool.take()
    const native = made.at(-1)
    assert.ok(vad && native)
    native.detected = true
    assert.equal(vad.isSpeech(window), true)
    native.detected = false
    assert.equal(vad.isSpeech(window), false)
    assert.equal(native.clears, 1)
  })
})
