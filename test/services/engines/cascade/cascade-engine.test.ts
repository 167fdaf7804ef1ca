import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { type AudioFormat, PCM16_16K, PCM16_24K, PCMA_8K, PCMU_8K } from '../../../../audio/format.ts'
import { toneSnrDb } from '../../../support/tone.ts'
import { codecOf } from '../realtime/engine-rig.ts'
import { CascadeRig, type CascadeRigOptions } from './engine-rig.ts'

const NOVA = { DEEPGRAM_STT_MODEL: 'nova-3' }

describe('the cascade engine', () => {
  const rigs: CascadeRig[] = []

  async function connected(options?: CascadeRigOptions): Promise<CascadeRig> {
    const rig = await CascadeRig.connected(options)
    rigs.push(rig)
    return rig
  }

  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.close()
  })

  it('greets first, word for word, as one reply', async () => {
    const rig = await connected()
    rig.engine.greet()
    const { replyId } = await rig.waitFor('replyDone')
    assert.deepEqual(rig.said, ['Good day, this is Offhook.'])
    assert.ok(rig.eventsOf('audio').every((audio) => audio.replyId === replyId))
    assert.equal(rig.openai.chats.length, 0)
    assert.deepEqual(rig.troubles, [])
  })

  for (const [name, env] of [
    ['Flux', {}],
    ['nova-3', NOVA]
  ] as const) {
    it(`hears, answers and speaks with ${name}`, async () => {
      const rig = await connected({
        env,
        deepgram: { transcribe: () => 'What are your opening hours?' },
        openai: {
          chat: () => ({ text: 'We are open from nine to five, every day but Sunday. Anything else?' })
        }
      })
      rig.speak(1500)
      await rig.waitFor('replyDone')
      const order = rig.happened.map(({ type }) => type).filter((type) => type !== 'usage')
      assert.deepEqual(order.slice(0, 5), [
        'callerSpeechStarted',
        'callerSpeechStopped',
        'callerTranscript',
        'agentTranscript',
        'audio'
      ])
      assert.deepEqual(rig.heard, ['What are your opening hours?'])
      assert.deepEqual(rig.said, ['We are open from nine to five, every day but Sunday. Anything else?'])
      assert.deepEqual(rig.messagesOf(1), ['user: What are your opening hours?'])
      assert.deepEqual(rig.troubles, [])
    })
  }

  const formats: [AudioFormat, object][] = [
    [PCMU_8K, { encoding: 'mulaw', sample_rate: '8000' }],
    [PCMA_8K, { encoding: 'alaw', sample_rate: '8000' }],
    [PCM16_16K, { encoding: 'linear16', sample_rate: '16000' }],
    [PCM16_24K, { encoding: 'linear16', sample_rate: '24000' }]
  ]
  for (const [format, onWire] of formats) {
    for (const tts of ['deepgram', 'openai']) {
      it(`speaks ${format.encoding}/${format.sampleRate} unharmed by the voice of ${tts}`, async () => {
        const rig = await connected({
          call: { format },
          env: { CASCADE_TTS: tts },
          deepgram: { voice: () => 440 },
          openai: { speechVoice: () => 440 }
        })
        const { encoding, sample_rate } = rig.deepgram.listens[0].query
        assert.deepEqual({ encoding, sample_rate }, onWire)
        rig.engine.greet()
        const { replyId } = await rig.waitFor('replyDone')
        const heard = codecOf(format).decode(rig.audioOf(replyId))
        assert.ok(toneSnrDb(heard.subarray(2000, -2000), format.sampleRate, 440) > 30)
        assert.ok(rig.receivedMs(replyId) > 1000)
      })
    }
  }
})
