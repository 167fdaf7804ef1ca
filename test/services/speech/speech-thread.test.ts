import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { SpeechThread, type SpeechThreadOptions } from '../../../services/speech/speech-thread.ts'

const opened: SpeechThread<string, string>[] = []
after(() => Promise.all(opened.map((thread) => thread.close())))

function openThread(options: Partial<SpeechThreadOptions> = {}): SpeechThread<string, string> {
  const thread = new SpeechThread<string, string>({
    name: 'the echo',
    module: new URL('./echo-thread.ts', import.meta.url),
    deadlineMs: 20_000,
    maxWaiting: 10,
    ...options
  })
  opened.push(thread)
  return thread
}

describe('SpeechThread', () => {
  it('answers each request with its own answer, in order', async () => {
    const thread = openThread()
    const asked = ['one', 'two', 'three', 'four']
    assert.deepEqual(await Promise.all(asked.map((text) => thread.request(text))), asked)
  })

  it('hands a failure to the request that met it and goes on', async () => {
    const thread = openThread()
    await assert.rejects(thread.request('fail'), { message: 'that cannot be said' })
    assert.equal(await thread.request('after'), 'after')
  })

  it('refuses to start with the reason that the thread gives', async () => {
    await assert.rejects(openThread({ data: 'refuse' }).start(), { message: 'there is no model' })
  })

  for (const end of ['die', 'trap'])
    it(`answers what waited behind a request that made it ${end}`, async () => {
      const thread = openThread()
      const [died, next] = await Promise.allSettled([thread.request(end), thread.request('next')])
      assert.equal(died.status, 'rejected')
      assert.deepEqual(next, { status: 'fulfilled', value: 'next' })
    })

  it('dies again and again as long as it answers in between', async () => {
    const thread = openThread()
    for (const text of ['one', 'two', 'three']) {
      assert.equal(await thread.request(text), text)
      await assert.rejects(thread.request('die'), { message: 'the echo died' })
    }
  })

  it('stays dead after two deaths without an answer in between', async () => {
    const thread = openThread()
    await assert.rejects(thread.request('die'))
    await assert.rejects(thread.request('die'))
    await assert.rejects(thread.request('hello'), /stays dead/)
  })

  it('gives up a request that takes too long and serves the next', async () => {
    const thread = openThread({ deadlineMs: 300 })
    await thread.start()
    const [hung, next] = await Promise.allSettled([thread.request('hang'), thread.request('next')])
    assert.equal(hung.status, 'rejected')
    assert.equal(next.status, 'fulfilled')
  })

  it('refuses requests when too many wait', async () => {
    const thread = openThread({ maxWaiting: 2 })
    const requests = ['one', 'two', 'three', 'four'].map((text) => thread.request(text))
    const outcomes = await Promise.allSettled(requests)
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'fulfilled', 'rejected']
    )
  })

  it('rejects what is under way and what comes later once closed', async () => {
    const thread = openThread()
    await thread.start()
    const pending = [thread.request('hang'), thread.request('behind')].map((request) =>
      assert.rejects(request, { message: 'the echo is closed' })
    )
    await thread.close()
    await Promise.all(pending)
    await assert.rejects(thread.request('late'), { message: 'the echo is closed' })
    await thread.close()
  })

  it('can be closed before it has started', async () => {
    const thread = openThread()
    const starting = assert.rejects(thread.start(), { message: 'the echo is closed' })
    await thread.close()
    await starting
  })
})
