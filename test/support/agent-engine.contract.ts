import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { bytesPerSample } from '../../audio/format.ts'
import type { AgentEngine, AgentEngineEvents } from '../../sessions/contracts/agent-engine.ts'
import { turns } from './until.ts'

/** An engine between its services, and everything that it said. */
export interface AgentEngineRig {
  readonly engine: AgentEngine
  readonly happened: readonly { readonly type: keyof AgentEngineEvents; readonly event: unknown }[]
  eventsOf<T extends keyof AgentEngineEvents>(type: T): AgentEngineEvents[T][0][]
  waitFor<T extends keyof AgentEngineEvents>(type: T, count?: number): Promise<AgentEngineEvents[T][0]>
  close(): Promise<void>
}

export interface AgentEngineSubject<Rig extends AgentEngineRig> {
  /** Not connected. Its model calls the tool `weather` in its first answer to a caller, and speaks in every other. */
  make(options: { refused: boolean }): Promise<Rig>
  /** The caller says something and falls silent. */
  speak(rig: Rig): void
}

/** What every engine owes its session, whatever it is made of. */
export function agentEngineContract<Rig extends AgentEngineRig>(
  name: string,
  { make, speak }: AgentEngineSubject<Rig>
): void {
  describe(`${name} as an agent engine`, { timeout: 60_000 }, () => {
    const rigs: Rig[] = []

    async function made(refused = false): Promise<Rig> {
      const rig = await make({ refused })
      rigs.push(rig)
      return rig
    }

    async function connected(): Promise<Rig> {
      const rig = await made()
      await rig.engine.connect(new AbortController().signal)
      return rig
    }

    afterEach(async () => {
      for (const rig of rigs.splice(0)) await rig.close()
    })

    it('rejects with a CallError where it is refused, and where the call is over', async () => {
      const refused = await made(true)
      await assert.rejects(refused.engine.connect(new AbortController().signal), { code: 'ENGINE_CONNECT' })
      const aborted = await made()
      await assert.rejects(aborted.engine.connect(AbortSignal.abort()), { code: 'ENGINE_CONNECT' })
    })

    it('takes every method in any state without a throw, and does nothing once it is closed', async () => {
      const rig = await made()
      callEverything(rig.engine)
      const other = await connected()
      other.engine.close()
      const before = other.happened.length
      callEverything(other.engine)
      speak(other)
      other.engine.close()
      await turns(50)
      assert.equal(other.happened.length, before)
    })

    it('tells of an utterance from its start to its words, under one id', async () => {
      const rig = await connected()
      speak(rig)
      const { utteranceId } = await rig.waitFor('callerSpeechStarted')
      assert.deepEqual(await rig.waitFor('callerSpeechStopped'), { utteranceId })
      const transcript = await rig.waitFor('callerTranscript')
      assert.equal(transcript.utteranceId, utteranceId)
      assert.notEqual(transcript.text, '')
    })

    it('speaks replies one after the other, each with text, whole samples, and one end', async () => {
      const rig = await connected()
      rig.engine.say('The first one.')
      rig.engine.say('The second one.')
      await rig.waitFor('replyDone', 2)
      const order = rig.happened
        .filter(({ type }) => type === 'audio' || type === 'replyDone')
        .map(({ event }) => (event as { replyId: string }).replyId)
      const ids = rig.eventsOf('replyDone').map(({ replyId }) => replyId)
      assert.deepEqual([...new Set(order)], ids)
      assert.deepEqual(
        order,
        [...order].sort((a, b) => ids.indexOf(a) - ids.indexOf(b))
      )
      const sample = bytesPerSample(rig.engine.outputFormat)
      assert.ok(rig.eventsOf('audio').every(({ payload }) => payload.byteLength % sample === 0))
      assert.deepEqual(new Set(rig.eventsOf('agentTranscript').map(({ replyId }) => replyId)), new Set(ids))
    })

    it('says nothing more of a reply that was interrupted', async () => {
      const rig = await connected()
      rig.engine.say('This is a long sentence which goes on and on until somebody has had enough of it.')
      const { replyId } = await rig.waitFor('audio')
      rig.engine.interrupt([{ replyId, heardMs: 50, receivedMs: 100 }])
      const pieces = rig.eventsOf('audio').length
      rig.engine.say('Another one.')
      await rig.waitFor('replyDone', 2)
      const late = rig.eventsOf('audio').slice(pieces)
      assert.ok(late.length > 0 && late.every((audio) => audio.replyId !== replyId))
      assert.equal(rig.eventsOf('replyDone').filter((done) => done.replyId === replyId).length, 1)
    })

    it('takes one result of a tool call, and answers it once', async () => {
      const rig = await connected()
      speak(rig)
      const call = await rig.waitFor('toolCall')
      assert.deepEqual([call.name, JSON.parse(call.arguments)], ['weather', { town: 'Lyon' }])
      const replies = rig.eventsOf('replyDone').length
      rig.engine.returnToolResult('nobody asked', 'sunny', { reply: true })
      rig.engine.returnToolResult(call.id, 'sunny', { reply: true })
      rig.engine.returnToolResult(call.id, 'sunny', { reply: true })
      await rig.waitFor('replyDone', replies + 1)
      // One that it would make of the second result would come before this one.
      rig.engine.say('That is all.')
      await rig.waitFor('replyDone', replies + 2)
      assert.equal(rig.eventsOf('toolCall').length, 1)
      assert.deepEqual(rig.eventsOf('trouble'), [])
    })
  })
}

function callEverything(engine: AgentEngine): void {
  engine.greet()
  engine.sendAudio(new Uint8Array(160))
  engine.sendDigit('1')
  engine.say('Hello.')
  engine.whisper('Psst.')
  engine.interrupt([{ replyId: 'none', heardMs: 1, receivedMs: 2 }])
  engine.dismiss('none')
  engine.remember('Something.')
  engine.setPatience(500)
  engine.setTools([])
  engine.returnToolResult('none', '', { reply: true })
}
