import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { WAV_HEADER_BYTES } from '../../../audio/wav.ts'
import { RecordingFile, repairRecording } from '../../../services/recording/recording-file.ts'
import { readStereoWav } from '../../support/stereo-wav.ts'
import { until } from '../../support/until.ts'

/** `count` stereo samples: left counts up, right down. */
function block(from: number, count: number): Uint8Array {
  const samples = new Int16Array(count * 2)
  for (let i = 0; i < count; i++) {
    samples[2 * i] = (from + i) % 30_000
    samples[2 * i + 1] = -((from + i) % 30_000)
  }
  return new Uint8Array(samples.buffer)
}

describe('the file of a recording', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'offhook-recording-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const make = (name: string, faults: unknown[] = []) =>
    new RecordingFile({
      path: path.join(folder, name),
      sampleRate: 8000,
      onBroken: (error) => faults.push(error)
    })

  it('is a stereo WAV of what was appended, readable by its owner alone', async () => {
    const file = make('whole.wav')
    for (let at = 0; at < 20_000; at += 4000) file.append(block(at, 4000))
    await file.close()
    const { left, right, sampleRate } = readStereoWav(file.path)
    assert.deepEqual([left.length, right.length, sampleRate], [20_000, 20_000, 8000])
    assert.deepEqual([left[12_345], right[12_345]], [12_345, -12_345])
    assert.equal((await stat(file.path)).mode & 0o777, 0o600)
  })

  it('is playable while it grows, but for the last seconds', async () => {
    const file = make('growing.wav')
    for (let at = 0; at < 160_000; at += 16_000) file.append(block(at, 16_000))
    const left = await until(() => {
      const { size } = statSync(file.path, { throwIfNoEntry: false }) ?? { size: 0 }
      const told = size > WAV_HEADER_BYTES ? readStereoWav(file.path).left : []
      return told.length >= 80_000 && told
    }, 'half of it in the header')
    assert.equal(left[70_000], 10_000)
    await file.close()
  })

  it('is made whole after a crash: the header tells of every sample that is there', async () => {
    const file = make('crashed.wav')
    file.append(block(0, 16_000))
    const size = () => statSync(file.path, { throwIfNoEntry: false })?.size
    await until(() => size() === WAV_HEADER_BYTES + 64_000, 'all of it')
    // The crash came within a sample.
    await truncate(file.path, WAV_HEADER_BYTES + 63_998)
    assert.equal(readStereoWav(file.path).left.length, 0)
    assert.equal(await repairRecording(file.path), true)
    const { left } = readStereoWav(file.path)
    assert.deepEqual([left.length, left.at(-1)], [15_999, 15_998])
    await file.close()
  })

  it('is left alone by the repair where it is none of ours', async () => {
    const foreign = path.join(folder, 'foreign.wav')
    await writeFile(foreign, 'RIFF, they said, and it was not')
    assert.equal(await repairRecording(foreign), false)
    await writeFile(foreign, 'x'.repeat(100))
    assert.equal(await repairRecording(foreign), false)
    assert.equal(await readFile(foreign, 'utf8'), 'x'.repeat(100))
  })

  it('tells once of a disk that takes nothing, and disturbs nobody', async () => {
    const faults: unknown[] = []
    const file = make('no/such/folder.wav', faults)
    for (let i = 0; i < 10; i++) file.append(block(0, 4000))
    assert.equal(await file.close(), false)
    assert.equal(await file.close(), false)
    assert.equal(faults.length, 1)
    assert.equal((faults[0] as NodeJS.ErrnoException).code, 'ENOENT')
  })

  it('does not wait for a disk that is too slow: it ends with what it has', async () => {
    const faults: unknown[] = []
    const file = make('slow.wav', faults)
    file.append(block(0, 4000))
    await until(() => (statSync(file.path, { throwIfNoEntry: false })?.size ?? 0) > 16_000, 'the first of it')
    // More at once than any disk takes in no time.
    for (let i = 0; i < 12; i++) file.append(block(0, 250_000))
    assert.equal(faults.length, 1)
    assert.equal(await file.close(), true)
    assert.ok(readStereoWav(file.path).left.length >= 4000)
  })

  it('is not left behind where nothing is in it', async () => {
    const file = make('empty.wav')
    assert.equal(await file.close(), false)
    assert.equal(statSync(file.path, { throwIfNoEntry: false }), undefined)
  })
})
