import { randomUUID } from 'node:crypto'
import type { Page } from 'playwright-core'

const LEVEL_MS = 100
/** Of 200 calls, some twenty say something new each second. */
const WORDS_MS = 50

/** The events of so many made-up calls, in place of the server's, for as long as the page is open. */
export async function feedLiveWall(page: Page, count: number): Promise<void> {
  const answeredAt = Date.now()
  const calls = Array.from({ length: count }, (_, i) => ({
    call_id: randomUUID(),
    call_control_id: `v3:${i}`,
    carrier: i % 3 === 0 ? 'twilio' : 'telnyx',
    direction: 'inbound',
    from: `+1312555${String(i).padStart(4, '0')}`,
    to: '+13125550100',
    agent_id: 'default',
    agent_name: 'Receptionist',
    answered_at: new Date(answeredAt - i * 1700).toISOString(),
    agent_muted: false,
    caller_muted: false
  }))
  await page.routeWebSocket(/\/call-events/, (socket) => {
    const send = (type: string, payload: object) =>
      socket.send(JSON.stringify({ type, id: randomUUID(), occurred_at: new Date().toISOString(), payload }))
    let tick = 0
    send('live.calls', { calls })
    const timers = [
      setInterval(() => send('levels', { calls: levelsOf(calls, tick++) }), LEVEL_MS),
      setInterval(() => send('transcript', words(calls, tick++)), WORDS_MS)
    ]
    page.on('close', () => {
      for (const timer of timers) clearInterval(timer)
    })
    for (const timer of timers) timer.unref()
  })
}

/** Caller and agent by turns, three seconds each, out of step with each other. */
function levelsOf(calls: readonly { call_id: string }[], tick: number) {
  return Object.fromEntries(
    calls.map(({ call_id }, i) => {
      const level = 45 + Math.round(30 * Math.sin(tick * 0.9 + i))
      return [call_id, Math.floor(tick / 30 + i) % 2 === 0 ? [level, 0] : [0, level]]
    })
  )
}

function words(calls: readonly { call_id: string }[], tick: number) {
  const { call_id } = calls[tick % calls.length]
  const speaker = tick % 2 === 0 ? 'caller' : 'agent'
  return {
    call_id,
    turnIndex: 1,
    speaker,
    text: 'I would like to change my booking. ',
    final: speaker === 'caller'
  }
}
