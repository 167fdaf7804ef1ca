import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { RATE_LIMITED, UNAVAILABLE } from '../../../standins/openai/api-body.ts'
import { CascadeRig, type CascadeRigOptions } from './engine-rig.ts'

const SORRY = 'Sorry, one moment please.'
const GOODBYE = 'I am sorry, we have a technical problem. Please call again later. Goodbye.'

describe('a cascade whose service fails', { timeout: 60_000 }, () => {
  const rigs: CascadeRig[] = []

  async function connected(options?: CascadeRigOptions): Promise<CascadeRig> {
    const rig = await CascadeRig.connected(options)
    rigs.push(rig)
    return rig
  }

  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.close()
  })

  it('opens a listening service that is lost again, and says the words to it that were not heard', async () => {
    const rig = await connected({ deepgram: { transcribe: () => 'Are you there?' } })
    rig.speak(600, 0)
    rig.deepgram.listens[0].terminate()
    await rig.deepgram.until(() => rig.deepgram.listens.length === 2, 'another')
    rig.speak(600)
    await rig.waitFor('replyDone')
    assert.deepEqual(rig.said, ['I heard: Are you there?.'])
    assert.ok(rig.deepgram.listens[1].heardMs > 1200)
    assert.deepEqual(rig.troubles, ['stt_closed_1006'])
  })

  it('opens a listening service again that says nothing while the caller speaks', async () => {
    const rig = await connected({ deepgram: { transcribe: () => 'Hello?' } })
    rig.deepgram.listens[0].stall()
    rig.speak(2500, 0)
    rig.skip(2500)
    rig.speak(500)
    await rig.waitFor('replyDone')
    assert.deepEqual(rig.said, ['I heard: Hello?.'])
    assert.deepEqual(rig.troubles, ['stt_stalled'])
  })

  it('listens with the second service where the first stays away, and says sorry', async () => {
    let away = false
    const rig = await connected({
      deepgram: { refuse: (path) => (away && path !== '/v1/speak' ? 503 : null) },
      openai: { transcribeFile: () => 'Can you hear me?' }
    })
    away = true
    rig.deepgram.listens[0].terminate()
    await rig.until(() => rig.said.includes(SORRY), 'the apology')
    rig.speak(1500)
    await rig.until(() => rig.said.includes('I heard: Can you hear me?.'), 'the answer')
    assert.equal(rig.openai.transcriptions[0].language, 'en')
    assert.deepEqual(rig.troubles, ['stt_closed_1006', 'stt_unreachable'])
  })

  for (const [name, first] of [
    ['is overloaded', { error: UNAVAILABLE }],
    ['is over its limits', { error: RATE_LIMITED }],
    ['says nothing for three seconds', { silent: true }]
  ] as const) {
    it(`answers after an apology where the model ${name}`, async () => {
      const rig = await connected({
        openai: { chat: (_, index) => (index === 0 ? first : { text: 'We are open.' }) }
      })
      rig.speak()
      await rig.waitFor('replyDone')
      assert.deepEqual(rig.said, [`${SORRY} We are open.`])
    })
  }

  it('goes on where the model broke off', async () => {
    const rig = await connected({
      openai: {
        chat: (_, index) =>
          index === 0
            ? { text: 'We are open every day, from nine o’clock.', breakAfter: 5 }
            : { text: 'from nine to five.' }
      }
    })
    rig.speak()
    await rig.waitFor('replyDone')
    assert.deepEqual(rig.said, [`We are open every day, ${SORRY} from nine to five.`])
    assert.deepEqual(rig.messagesOf(2).slice(-2), [
      'assistant: We are open every day,',
      'system: You were cut off there. Go on from that word on.'
    ])
  })

  it('asks the second model where the first one fails twice', async () => {
    const rig = await connected({
      openai: {
        chat: ({ model }) => (model === 'gpt-4.1-mini' ? { text: 'Here I am.' } : { error: UNAVAILABLE })
      }
    })
    rig.speak()
    await rig.waitFor('replyDone')
    assert.deepEqual(rig.said, [`${SORRY} Here I am.`])
    assert.deepEqual(
      rig.openai.chats.map(({ body }) => body.model),
      ['gpt-5.4-mini', 'gpt-5.4-mini', 'gpt-4.1-mini']
    )
  })

  it('says goodbye where no model answers, then fails', async () => {
    const rig = await connected({ openai: { chat: () => ({ error: UNAVAILABLE }) } })
    rig.speak()
    const error = await rig.waitFor('failed')
    assert.equal(rig.said.at(-1), GOODBYE)
    assert.deepEqual([error.code, rig.engine.saidGoodbye], ['ENGINE_UNAVAILABLE', true])
    const order = rig.happened.map(({ type }) => type)
    assert.ok(order.lastIndexOf('audio') < order.indexOf('replyDone', order.lastIndexOf('audio')))
    assert.equal(order.at(-1), 'failed')
  })

  it('opens a voice again that is lost while it is silent, for the next words', async () => {
    const rig = await connected()
    rig.engine.greet()
    await rig.waitFor('replyDone')
    rig.deepgram.speaks[0].terminate()
    await rig.deepgram.until(() => rig.deepgram.speaks[0].closed, 'the loss')
    rig.engine.say('Still here.')
    await rig.waitFor('replyDone', 2)
    assert.equal(rig.said.at(-1), 'Still here.')
  })

  it('says the rest after an apology where the voice is lost in the middle', async () => {
    const rig = await connected()
    const text = 'This is a long sentence with very many words in it, and it goes on and on for a while.'
    rig.engine.say(text)
    const { replyId } = await rig.waitFor('audio')
    await rig.until(() => rig.receivedMs(replyId) > 1500, 'some of it')
    rig.deepgram.speaks[0].terminate()
    await rig.waitFor('replyDone')
    const [said] = rig.said
    assert.equal(said.replace(`${SORRY} `, ''), text)
    assert.match(said, /^This is .+ Sorry, one moment please\. .+ for a while\.$/)
    assert.deepEqual(rig.troubles, ['tts_closed_1006'])
  })

  it('speaks with the second voice where the first one stalls and stays away', async () => {
    let away = false
    const rig = await connected({
      deepgram: { refuse: (path) => (away && path === '/v1/speak' ? 503 : null) }
    })
    rig.deepgram.speaks[0].stall()
    away = true
    rig.engine.greet()
    await rig.waitFor('replyDone')
    assert.deepEqual(rig.said, [`${SORRY} Good day, this is Offhook.`])
    assert.equal(rig.openai.speeches[0].body.input, `${SORRY} Good day, this is Offhook.`)
    assert.deepEqual(rig.troubles, ['tts_stalled', 'tts_unreachable'])
  })

  it('fails where nobody speaks', async () => {
    let away = false
    const rig = await connected({
      deepgram: { refuse: () => (away ? 503 : null) },
      openai: { speechFault: () => UNAVAILABLE }
    })
    away = true
    rig.deepgram.speaks[0].terminate()
    rig.engine.greet()
    const error = await rig.waitFor('failed')
    assert.deepEqual([error.code, rig.engine.saidGoodbye], ['ENGINE_UNAVAILABLE', false])
  })

  it('connects with the second service where the first is away from the start', async () => {
    const rig = await connected({
      deepgram: { refuse: () => 503 },
      openai: { transcribeFile: () => 'Anybody there?' }
    })
    rig.engine.greet()
    await rig.waitFor('replyDone')
    rig.speak(1500)
    await rig.waitFor('replyDone', 2)
    assert.deepEqual(rig.said, ['Good day, this is Offhook.', 'I heard: Anybody there?.'])
  })
})
