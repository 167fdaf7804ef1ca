import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { pino } from 'pino'
import {
  type AudioFormat,
  bytesPerMs,
  durationMs,
  formatName,
  PCM16_16K,
  PCM16_24K,
  PCMA_8K,
  PCMU_8K
} from '../../../../audio/format.ts'
import { createTranscoder } from '../../../../audio/transcoder.ts'
import { systemClock } from '../../../../services/clock.ts'
import { DEFAULT_AGENT } from '../../../../services/default-agent.ts'
import type { LocalEngine } from '../../../../services/engines/local/local-engine.ts'
import {
  createLocalEngines,
  type LocalEngines
} from '../../../../services/engines/local/local-engine-factory.ts'
import { createVoice } from '../../../../services/speech/local-speech.ts'
import { noiseLike, pcm16Bytes } from '../../../support/speech-like.ts'

type CallerVoice = 'rms' | 'slt'

let engines: LocalEngines
let voice: Awaited<ReturnType<typeof createVoice>>
before(async () => {
  engines = await createLocalEngines({
    dialoguePath: null,
    clock: systemClock,
    log: pino({ level: 'silent' })
  })
  voice = await createVoice()
})
after(async () => {
  await engines.close()
  await voice.close()
})

/** A call with the real ears and the real voice, fed faster than real time. */
class Call {
  readonly engine: LocalEngine
  understood = ''
  reply = ''
  replyMs = 0
  tool = ''

  constructor(engine: LocalEngine) {
    this.engine = engine
    engine.on('callerTranscript', ({ text }) => {
      this.understood = text
    })
    engine.on('agentTranscript', ({ delta }) => {
      this.reply += delta
    })
    engine.on('audio', ({ payload }) => {
      this.replyMs += durationMs(engine.outputFormat, payload.length)
    })
    engine.on('toolCall', ({ name }) => {
      this.tool = name
    })
  }

  static async with(format: AudioFormat): Promise<Call> {
    const call = new Call(engines.create(DEFAULT_AGENT, format))
    await call.engine.connect(new AbortController().signal)
    return call
  }

  async hear(event: 'replyDone' | 'callerTranscript', pcm: Int16Array): Promise<void> {
    this.reply = ''
    this.replyMs = 0
    const arrived = once(this.engine, event)
    const silence = new Int16Array(16_000 * 1.4)
    this.#send(Int16Array.from([...silence.subarray(0, 6400), ...pcm, ...silence]))
    await arrived
  }

  async ask(text: string, caller: CallerVoice): Promise<void> {
    await this.hear('replyDone', await voice.synthesise(text, { voice: caller }))
  }

  /** PCM16 at 16 kHz, in frames of 20 ms of the call's format. */
  #send(pcm: Int16Array): void {
    const format = this.engine.inputFormat
    const transcoder = createTranscoder(PCM16_16K, format)
    const payload = Buffer.from(transcoder.push(pcm16Bytes(pcm)))
    const frameBytes = 20 * bytesPerMs(format)
    for (let at = 0; at < payload.length; at += frameBytes)
      this.engine.sendAudio(payload.subarray(at, at + frameBytes))
  }
}

const CONVERSATION: [said: string, understood: string, reply: RegExp][] = [
  ['what are your opening hours', 'what are your opening hours', /^We are open every day from eleven/],
  [
    'book a table for four people on friday',
    'book a table for four people on friday',
    /^A table for four on Friday\. At what time/
  ],
  ['at seven thirty', 'at seven thirty', /A table for four, on Friday, at seven thirty in the evening/],
  ['yes please', 'yes please', /put you down for a table for four/],
  [
    'where is my order one two three four',
    'where is my order one two three four',
    /^Your order 1 2 3 4 is on its way/
  ],
  ['goodbye', 'goodbye', /Goodbye\.$/]
]

describe('a whole conversation by voice', () => {
  const legs: [AudioFormat, CallerVoice][] = [
    [PCMU_8K, 'rms'],
    [PCMU_8K, 'slt'],
    [PCMA_8K, 'rms'],
    [PCM16_24K, 'slt'],
    [PCM16_24K, 'rms']
  ]
  for (const [format, caller] of legs) {
    it(`is understood and answered in ${formatName(format)} from ${caller}`, async (t) => {
      const call = await Call.with(format)
      t.after(() => call.engine.close())
      for (const [said, understood, reply] of CONVERSATION) {
        await call.ask(said, caller)
        assert.equal(call.understood, understood)
        assert.match(call.reply, reply)
        assert.ok(call.replyMs > 400, `${call.replyMs} ms of reply`)
      }
      assert.equal(call.tool, 'end_call')
    })
  }
})

describe('a caller on the telephone', () => {
  it('may put it in other words', async (t) => {
    const call = await Call.with(PCMU_8K)
    t.after(() => call.engine.close())
    const requests: [string, RegExp][] = [
      ['hello when are you open', /every day/],
      ['are you open on sunday', /on Sunday we are open/],
      ['what is your address', /12 Market Street/],
      ['do you have lasagna', /lasagna/],
      ['how much is the pizza', /twelve dollars/],
      ['can i talk to a human', /call you back\?$/],
      ['no thank you', /anything else/],
      ['i would like to make a reservation for six people tomorrow at noon', /for six, tomorrow, at noon/],
      ['never mind', /start again/],
      ['can you repeat that', /start again/]
    ]
    for (const [said, reply] of requests) {
      await call.ask(said, 'rms')
      assert.match(call.reply, reply, `to "${said}", understood as "${call.understood}"`)
    }
  })

  it('who speaks of something else is told what the agent can do', async (t) => {
    const call = await Call.with(PCMU_8K)
    t.after(() => call.engine.close())
    await call.ask('my grandmother used to collect porcelain elephants', 'rms')
    assert.equal(call.understood, '')
    assert.match(call.reply, /opening hours/)
  })

  it('is not answered for a click, hiss or a key', async (t) => {
    const call = await Call.with(PCMU_8K)
    t.after(() => call.engine.close())
    let replies = 0
    call.engine.on('replyDone', () => {
      replies += 1
    })
    const hiss = noiseLike({ sampleRate: 16_000, ms: 3000, dbfs: -40 })
    const click = noiseLike({ sampleRate: 16_000, ms: 10, dbfs: -10 })
    const key = Int16Array.from({ length: 16_000 * 0.3 }, (_, i) =>
      Math.round(
        6000 * (Math.sin((2 * Math.PI * 770 * i) / 16_000) + Math.sin((2 * Math.PI * 1336 * i) / 16_000))
      )
    )
    const pause = new Int16Array(16_000)
    await call.hear(
      'replyDone',
      Int16Array.from([
        ...hiss,
        ...pause,
        ...click,
        ...pause,
        ...key,
        ...pause,
        ...(await voice.synthesise('what are your opening hours', { voice: 'rms' }))
      ])
    )
    assert.equal(call.understood, 'what are your opening hours')
    assert.match(call.reply, /^We are open/)
    assert.equal(replies, 1)
  })
})

describe("a dialogue of one's own", () => {
  it('that can not be used stops the start with what is wrong', async () => {
    await assert.rejects(
      createLocalEngines({
        dialoguePath: new URL('./receptionist.ts', import.meta.url).pathname,
        clock: systemClock,
        log: pino({ level: 'silent' })
      }),
      /receptionist\.ts can't be used/
    )
  })
})
