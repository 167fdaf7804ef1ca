import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json, text } from 'node:stream/consumers'
import { afterEach, describe, it } from 'node:test'
import { PCMU_8K } from '../../../../audio/format.ts'
import { systemClock } from '../../../../services/clock.ts'
import { AgentVoice } from '../../../../services/engines/cascade/agent-voice.ts'
import { OpenAiSpeechToText } from '../../../../services/engines/cascade/openai-speech-to-text.ts'
import { OpenAiTextToSpeech } from '../../../../services/engines/cascade/openai-text-to-speech.ts'
import type { SpeechClassifier } from '../../../../services/speech/speech-classifier.ts'
import { speechLike } from '../../../support/speech-like.ts'
import { until } from '../../../support/until.ts'
import { codecOf } from '../realtime/engine-rig.ts'

const SECOND = 'And the second thing is that you must bring your passport.'
const BYTES_PER_MS = 48

describe('OpenAI as a voice and as ears', { timeout: 30_000 }, () => {
  const servers: Server[] = []

  async function serving(answer: RequestListener) {
    const server = createServer((request, response) => {
      if (request.method === 'POST') return answer(request, response)
      response.setHeader('content-type', 'application/json').end('{"id":"m","object":"model"}')
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { apiKey: 'k', baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` }
  }

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  it('has the words of a clause said by the next voice where their request fails behind the audio of the last', async () => {
    let heardMs = 0
    let asked = 0
    const access = await serving(async (request, response) => {
      asked += 1
      if (asked === 1) {
        response.write(Buffer.alloc(BYTES_PER_MS * 800))
        await until(() => asked === 2, 'the request for the second clause')
        response.end(Buffer.alloc(BYTES_PER_MS * 800))
        return
      }
      const { input } = (await json(request)) as { input: string }
      assert.equal(input.trim(), SECOND)
      await until(() => heardMs > 1500, 'the audio of the first clause')
      response.writeHead(400, { 'content-type': 'application/json' }).end('{}')
    })
    const saidByOther: string[] = []
    const voice = new AgentVoice({
      providers: [
        {
          provider: 'openai',
          model: 'tts',
          create: () => new OpenAiTextToSpeech({ access, model: 'tts', voice: 'alloy', format: PCMU_8K })
        },
        {
          provider: 'other',
          model: 'tts',
          create: () => ({
            connect: async () => {},
            close() {},
            begin: () => ({ push: (words) => saidByOther.push(words), finish() {}, cancel() {} })
          })
        }
      ],
      format: PCMU_8K,
      clock: systemClock,
      apology: 'Sorry.',
      onTrouble() {},
      onUsage() {},
      onLost() {}
    })
    await voice.connect(new AbortController().signal)
    const speech = voice.begin({
      text() {},
      audio: (payload) => {
        heardMs += payload.byteLength / 8
      },
      done() {}
    })
    speech.push('The first thing is this. ')
    await until(() => heardMs > 0, 'the voice')
    speech.push(SECOND)
    await until(() => saidByOther.join('').includes('passport'), 'the second clause')
    voice.close()
  })

  it('gives up a transcription that does not come, and then itself', async () => {
    const access = await serving(async (request) => void (await text(request)))
    const told: string[] = []
    const LOUD: SpeechClassifier = {
      onsetMs: 100,
      onsetLagMs: 0,
      endLagMs: 0,
      classify: (_, loud) => (loud ? 'voiced' : 'other'),
      close() {}
    }
    const ears = new OpenAiSpeechToText(
      {
        access,
        model: 'gpt-4o-transcribe',
        language: 'en',
        format: PCMU_8K,
        classifiers: { create: () => LOUD },
        deadlineMs: 50
      },
      {
        answered() {},
        started: () => told.push('started'),
        heard: () => told.push('heard'),
        maybeEnded() {},
        resumed() {},
        ended: (words) => told.push(`ended '${words}'`),
        trouble: (code) => told.push(code),
        lost: () => told.push('lost')
      }
    )
    await ears.connect(new AbortController().signal)
    const { encode } = codecOf(PCMU_8K)
    const speak = () => {
      for (const samples of [speechLike({ sampleRate: 8000, ms: 1000 }), new Int16Array(8 * 1500)])
        for (let at = 0; at < samples.length; at += 160)
          ears.sendAudio(encode(samples.subarray(at, at + 160)))
    }
    speak()
    await until(() => told.includes("ended ''"), 'the end')
    speak()
    await until(() => told.includes('lost'), 'the loss')
    assert.deepEqual(told, ['started', 'transcription_failed', "ended ''", 'started', 'lost'])
    ears.close()
  })
})
