import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import wavefile from 'wavefile'
import { prepareTurns, readWav } from '../../../cli/phone/caller-turns.ts'
import { PhoneError } from '../../../cli/phone/phone-error.ts'
import { fitTone, sine } from '../../support/tone.ts'

describe('what the caller says', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'phone-turns-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  function write(name: string, make: (wav: wavefile.WaveFile) => void): string {
    const wav = new wavefile.WaveFile()
    make(wav)
    const file = path.join(folder, name)
    writeFileSync(file, wav.toBuffer())
    return file
  }

  function tone(sampleRate: number, amplitude = 8000): Int16Array {
    return sine({ frequencyHz: 440, sampleRate, ms: 1000, amplitude })
  }

  async function amplitudeAt8k(file: string): Promise<number> {
    const { samples } = await readWav(file, 8000)
    assert.ok(Math.abs(samples.length - 8000) < 40, `${samples.length} samples`)
    return fitTone(samples.subarray(800, 7200), 8000, 440).amplitude
  }

  const files: [string, (wav: wavefile.WaveFile) => void][] = [
    ['mono 16 bit 8 kHz', (wav) => wav.fromScratch(1, 8000, '16', tone(8000))],
    ['mono 16 bit 24 kHz', (wav) => wav.fromScratch(1, 24_000, '16', tone(24_000))],
    ['mono 16 bit 44.1 kHz', (wav) => wav.fromScratch(1, 44_100, '16', tone(44_100))],
    ['stereo 16 bit 48 kHz', (wav) => wav.fromScratch(2, 48_000, '16', [tone(48_000), tone(48_000)])],
    [
      'mono float 16 kHz',
      (wav) =>
        wav.fromScratch(
          1,
          16_000,
          '32f',
          Float64Array.from(tone(16_000), (sample) => sample / 32768)
        )
    ],
    [
      'mono mu-law 8 kHz',
      (wav) => {
        wav.fromScratch(1, 8000, '16', tone(8000))
        wav.toMuLaw()
      }
    ]
  ]
  for (const [name, make] of files) {
    it(`is read from a WAV file in ${name}`, async () => {
      const amplitude = await amplitudeAt8k(write('any.wav', make))
      assert.ok(Math.abs(amplitude - 8000) < 160, `amplitude ${amplitude}`)
    })
  }

  it('is the mean of the channels of a file', async () => {
    const file = write('half.wav', (wav) =>
      wav.fromScratch(2, 8000, '16', [tone(8000), new Int16Array(8000)])
    )
    const amplitude = await amplitudeAt8k(file)
    assert.ok(Math.abs(amplitude - 4000) < 40, `amplitude ${amplitude}`)
  })

  it('is refused where a file is missing or no WAV, by its name', async () => {
    const text = path.join(folder, 'text.wav')
    writeFileSync(text, 'these are not samples')
    for (const file of [text, path.join(folder, 'missing.wav')]) {
      await assert.rejects(
        readWav(file, 8000),
        (error) => error instanceof PhoneError && error.message.includes(file)
      )
    }
  })

  it('is spoken by the embedded voice, at the rate of the leg', async () => {
    const [spoken, dialled] = await prepareTurns(
      [
        { kind: 'say', text: 'Hello there.' },
        { kind: 'dial', digits: '12#' }
      ],
      8000
    )
    assert.equal(spoken.kind, 'speak')
    assert.ok(spoken.kind === 'speak')
    const { length } = spoken.samples
    assert.ok(length > 0.4 * 8000 && length < 2.5 * 8000, `${length} samples`)
    assert.ok(Math.max(...spoken.samples) > 3000)
    assert.deepEqual(dialled, { kind: 'dial', digits: '12#', label: 'keys 12#' })
  })
})
