import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AgentProfile, SilencePolicy } from '../../sessions/contracts/agent-profile.ts'
import { createRig, settle } from '../support/session-rig.ts'

async function inCall(profile: Partial<AgentProfile> = {}, maxCallMs?: number) {
  const rig = createRig({ profile, maxCallMs })
  await rig.connect()
  let replies = 0
  let utterances = 0
  const { clock, engine } = rig
  /** The agent says this, and the caller hears it. */
  const agentSays = (text: string, ms = 500) => {
    replies += 1
    const replyId = `r${replies}`
    engine.speak(replyId, ms, text)
    engine.emit('replyDone', { replyId })
    clock.advance(ms + 200)
  }
  const callerSays = (text: string) => {
    utterances += 1
    const utteranceId = `u${utterances}`
    engine.emit('callerSpeechStarted', { utteranceId })
    clock.advance(500)
    engine.emit('callerSpeechStopped', { utteranceId })
    engine.emit('callerTranscript', { utteranceId, text })
  }
  /** Says what the session asked for last, as an engine does. */
  const speakSaid = (from = engine.said.length - 1) => agentSays(engine.said[from] ?? '')
  return { ...rig, agentSays, callerSays, speakSaid }
}

describe('a goodbye of the caller', () => {
  it('is left to the agent to answer as long as the one before it was', async () => {
    const { callerSays, clock, engine } = await inCall({ endCallPhrases: ['goodbye'] })
    callerSays('Okay, goodbye.')
    clock.advance(1500)
    callerSays('Thanks, goodbye.')
    clock.advance(1500)
    assert.deepEqual(engine.said, [])
    clock.advance(1000)
    assert.equal(engine.said.length, 1)
  })
})

describe('silence', () => {
  const silence: SilencePolicy = { afterSeconds: 5, reminders: 2, phrases: null }

  it('is broken by the agent, twice, and then ends the call with a goodbye', async () => {
    const { agentSays, clock, engine, hangUps, of, speakSaid } = await inCall({ silence })
    agentSays('Hello.')
    clock.advance(4700)
    assert.deepEqual(engine.said, [])
    clock.advance(300)
    assert.deepEqual(engine.said, ['Are you still there?'])
    speakSaid()
    clock.advance(5000)
    assert.deepEqual(engine.said.slice(1), ['Hello, can you hear me?'])
    speakSaid()
    clock.advance(5000)
    assert.match(engine.said[2] ?? '', /Goodbye/)
    assert.deepEqual(of('call.ended'), [])
    speakSaid()
    await settle()
    assert.equal(of('call.ended')[0]?.reason, 'silence')
    assert.equal(hangUps.length, 1)
  })

  it('is no silence while somebody speaks, a tool runs or the caller is being handed over', async () => {
    const { clock, engine, session, agentSays } = await inCall({ silence })
    agentSays('Listen to a long story.', 12_000)
    assert.deepEqual(engine.said, [])
    engine.emit('callerSpeechStarted', { utteranceId: 'long' })
    clock.advance(20_000)
    engine.emit('callerSpeechStopped', { utteranceId: 'long' })
    clock.advance(4000)
    engine.emit('toolCall', { id: 't', name: 'unknown', arguments: '{}', spoken: true })
    session.handOver(true)
    clock.advance(30_000)
    assert.deepEqual(engine.said, [])
  })

  it("is the call's, too, where a tool has answered and the agent says nothing to it", async () => {
    const { agentSays, callerSays, clock, engine } = await inCall({ silence })
    agentSays('Hello.')
    callerSays('Is it there?')
    engine.emit('toolCall', { id: 't', name: 'unknown', arguments: '{}', spoken: false })
    await settle()
    assert.equal(engine.toolResults.length, 1)
    clock.advance(9000)
    assert.deepEqual(engine.said, [])
    clock.advance(7000)
    assert.deepEqual(engine.said, ['Are you still there?'])
  })

  it('begins anew where the caller speaks, and the goodbye is taken back', async () => {
    const { agentSays, callerSays, clock, engine, of } = await inCall({
      silence: { ...silence, reminders: 1, phrases: ['Hello?'] }
    })
    agentSays('Hello.')
    clock.advance(5000)
    agentSays('Hello?')
    clock.advance(5000)
    assert.deepEqual(engine.said.length, 2)
    callerSays('Sorry, I was away.')
    clock.advance(1000)
    agentSays('No problem.')
    clock.advance(5000)
    assert.deepEqual(engine.said[2], 'Hello?')
    assert.deepEqual(of('call.ended'), [])
  })

  it('is no silence while the operator has silenced one of the two', async () => {
    for (const party of ['agent', 'caller'] as const) {
      const { agentSays, clock, engine, session } = await inCall({ silence })
      agentSays('Hello.')
      session.muting.set(party, true)
      clock.advance(60_000)
      assert.deepEqual(engine.said, [])
      session.muting.set(party, false)
      clock.advance(5000)
      assert.equal(engine.said.length, 1)
    }
  })

  for (const [language, text] of [
    ['en', 'Hold on, let me get my card.'],
    ['fr', 'Attendez, je cherche ma carte.'],
    ['de', 'Einen Moment bitte.']
  ] as const) {
    it(`is what the caller asked for with "${text}", for a minute`, async () => {
      const { agentSays, callerSays, clock, engine } = await inCall({ silence, language })
      agentSays('Your card number?')
      callerSays(text)
      agentSays('Of course.')
      clock.advance(58_000)
      assert.deepEqual(engine.said, [])
      clock.advance(8000)
      assert.equal(engine.said.length, 1)
    })
  }

  it('is left alone where the agent does not mind it', async () => {
    const { agentSays, clock, engine, of } = await inCall({ silence: { ...silence, afterSeconds: 0 } })
    agentSays('Hello.')
    clock.advance(600_000)
    assert.deepEqual([engine.said, of('call.ended')], [[], []])
  })

  it("is broken in the agent's language and with its own goodbye", async () => {
    const { agentSays, clock, engine } = await inCall({
      silence: { afterSeconds: 5, reminders: 1, phrases: null },
      language: 'fr',
      goodbyeMessage: 'Bonne journée.'
    })
    agentSays('Bonjour.')
    clock.advance(11_000)
    assert.deepEqual(engine.said, ['Vous êtes toujours là ?', 'Bonne journée.'])
  })
})

describe('words that end a call', () => {
  const endCallPhrases = ['goodbye', 'au revoir', "that's all"]

  for (const [text, ends] of [
    ['Goodbye!', true],
    ['Okay, thank you. Good-bye then.', false],
    ['Okay thanks, goodbye then, take care.', false],
    ['Well, goodbye then.', true],
    ["Thanks, that's all.", true],
    ['Merci, au revoir madame', true],
    ['How do I say goodbye to my old contract?', false],
    ['No', false]
  ] as const) {
    it(`${ends ? 'end' : 'do not end'} it: "${text}"`, async () => {
      const { agentSays, callerSays, clock, of } = await inCall({ endCallPhrases })
      agentSays('Hello.')
      callerSays(text)
      clock.advance(300)
      agentSays('Bye.')
      await settle()
      assert.deepEqual(
        of('call.ended').map(({ reason }) => reason),
        ends ? ['agent_hung_up'] : []
      )
    })
  }

  it('wait for the answer that is being spoken, where they are known late', async () => {
    const { clock, engine, of } = await inCall({ endCallPhrases })
    engine.emit('callerSpeechStarted', { utteranceId: 'u' })
    engine.emit('callerSpeechStopped', { utteranceId: 'u' })
    engine.speak('r', 2000, 'Goodbye and thank you.')
    clock.advance(500)
    engine.emit('callerTranscript', { utteranceId: 'u', text: 'Goodbye.' })
    engine.emit('replyDone', { replyId: 'r' })
    clock.advance(1000)
    assert.deepEqual(of('call.ended'), [])
    clock.advance(1000)
    await settle()
    assert.equal(of('call.ended')[0]?.reason, 'agent_hung_up')
    assert.deepEqual(engine.said, [])
  })

  it('get a goodbye where the agent has no answer to them', async () => {
    const { agentSays, callerSays, clock, engine, of, speakSaid } = await inCall({ endCallPhrases })
    agentSays('Hello.')
    callerSays('Goodbye.')
    clock.advance(2500)
    assert.deepEqual(engine.said, ['Goodbye!'])
    assert.deepEqual(of('call.ended'), [])
    speakSaid()
    await settle()
    assert.equal(of('call.ended')[0]?.reason, 'agent_hung_up')
  })

  it('are taken back by a caller who goes on', async () => {
    const { agentSays, callerSays, clock, engine, of } = await inCall({ endCallPhrases })
    agentSays('Hello.')
    callerSays('Goodbye.')
    engine.speak('bye', 3000, 'Goodbye!')
    clock.advance(500)
    callerSays('Oh wait, one more thing')
    clock.advance(300)
    agentSays('Yes?')
    clock.advance(20_000)
    await settle()
    assert.deepEqual(of('call.ended'), [])
  })
})

describe('a goodbye', () => {
  const interruption = { minSpeechMs: 0, minWords: 0, acknowledgements: ['okay'], resume: true }

  for (const [text, reasons] of [
    ['Okay.', ['agent_hung_up']],
    ['', ['agent_hung_up']],
    ['Wait, one more question', []]
  ] as const) {
    it(`that the caller meets with "${text}" ${reasons.length > 0 ? 'still ends' : 'does not end'} the call`, async () => {
      const { callerSays, clock, engine, of } = await inCall({ interruption })
      engine.speak('bye', 3000, 'Goodbye, and thank you for calling.')
      engine.emit('replyDone', { replyId: 'bye' })
      engine.emit('toolCall', { id: 't', name: 'end_call', arguments: '{}', spoken: true })
      clock.advance(1000)
      callerSays(text)
      clock.advance(9000)
      await settle()
      assert.deepEqual(
        of('call.ended').map(({ reason }) => reason),
        reasons
      )
    })
  }
})

describe('the longest call', () => {
  it('ends with a goodbye in time, which nobody talks the agent out of', async () => {
    const { callerSays, clock, engine, of, speakSaid } = await inCall({}, 60_000)
    engine.speak('long', 57_000, 'A very long story.')
    clock.advance(53_000)
    assert.deepEqual(engine.said, [])
    clock.advance(1000)
    assert.ok(engine.interrupts.length > 0)
    assert.match(engine.said[0] ?? '', /time is up/)
    callerSays('But wait')
    speakSaid()
    await settle()
    assert.equal(of('call.ended')[0]?.reason, 'max_length')
    assert.ok((of('call.ended')[0]?.durationMs ?? 0) < 60_000)
  })

  it('has its goodbye said also while the caller speaks, since time runs', async () => {
    const { clock, engine } = await inCall({}, 60_000)
    clock.advance(53_500)
    engine.emit('callerSpeechStarted', { utteranceId: 'late' })
    clock.advance(500)
    assert.match(engine.saidAtOnce[0] ?? '', /time is up/)
  })

  it('ends on time where the goodbye does not come', async () => {
    const { clock, of } = await inCall({}, 8000)
    clock.advance(10_000)
    await settle()
    assert.equal(of('call.ended')[0]?.reason, 'max_length')
    assert.equal(of('call.ended')[0]?.durationMs, 8000)
  })
})

describe('patience', () => {
  const patient: Partial<AgentProfile> = { patienceMs: 900 }

  for (const [language, question] of [
    ['en', 'May I have your phone number?'],
    ['en-GB', 'Could you spell your name, please?'],
    ['en', 'Sure. Please tell me your e-mail address.'],
    ['fr', 'Quel est votre numéro de téléphone ?'],
    ['fr-CA', 'Pouvez-vous épeler votre nom, s’il vous plaît ?'],
    ['de', 'Wie lautet Ihre Telefonnummer?'],
    ['es', '¿Me puede dar su número de teléfono?'],
    ['it', 'Mi può dare il suo indirizzo e-mail?'],
    ['nl', 'Kunt u uw postcode geven?'],
    ['pt', 'Pode soletrar o seu nome?']
  ] as const) {
    it(`is asked for by "${question}"`, async () => {
      const { agentSays, engine } = await inCall({ ...patient, language })
      agentSays(question)
      assert.deepEqual(engine.patience, [900])
    })
  }

  it('ends once the agent has answered without asking for more of the kind', async () => {
    const { agentSays, callerSays, engine } = await inCall(patient)
    agentSays('What is your account number?')
    agentSays('Are you still there?')
    assert.deepEqual(engine.patience, [900])
    callerSays('One two three')
    agentSays('And your zip code?')
    assert.deepEqual(engine.patience, [900])
    callerSays('Nine nine')
    agentSays('Thank you. How can I help you?')
    assert.deepEqual(engine.patience, [900, 0])
  })

  it('is not needed for anything else, nor wanted by every agent', async () => {
    const { agentSays, callerSays, engine } = await inCall(patient)
    for (const text of [
      'How can I help you?',
      'I have sent it to your e-mail address.',
      'What day suits you?'
    ]) {
      agentSays(text)
      callerSays('Yes')
    }
    assert.deepEqual(engine.patience, [])
    const hasty = await inCall({ patienceMs: 0 })
    hasty.agentSays('May I have your phone number?')
    assert.deepEqual(hasty.engine.patience, [])
  })
})
