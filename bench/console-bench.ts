/**
 * What a wall of live calls costs the operator's browser: `npx node bench/console-bench.ts`.
 *
 * Chromium without a screen, drawing by processor; the page's events are made up, ten levels a second for each call.
 */
import { startConsoleRig } from '../test/support/console-rig.ts'
import { feedLiveWall } from '../test/support/live-wall-feed.ts'

const MEASURED_MS = 5000
const WARM_UP_MS = 2000

/** Of the page's main thread, from the beginning of the page, in seconds. */
interface Spent {
  readonly TaskDuration: number
  readonly ScriptDuration: number
  readonly LayoutDuration: number
  readonly RecalcStyleDuration: number
}

const rig = await startConsoleRig()
try {
  console.log('Main thread of the page, per cent of the time; pictures a second')
  console.table([await row(20), await row(200)])
} finally {
  await rig.close()
}

async function row(calls: number) {
  const { page } = await rig.open({
    viewport: { width: 1440, height: 900 },
    prepare: (each) => feedLiveWall(each, calls)
  })
  await page.goto(`${rig.server.url}/#/live`)
  await page.waitForTimeout(WARM_UP_MS)
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  const spent = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value])) as unknown as Spent
  }
  const before = await spent()
  const { frames, longestMs } = (await page.evaluate(`new Promise((resolve) => {
    let frames = 0, longestMs = 0, last = performance.now()
    const until = last + ${MEASURED_MS}
    const count = (now) => {
      frames++
      longestMs = Math.max(longestMs, now - last)
      last = now
      if (now < until) requestAnimationFrame(count)
      else resolve({ frames, longestMs })
    }
    requestAnimationFrame(count)
  })`)) as { frames: number; longestMs: number }
  const after = await spent()
  const percent = (name: keyof Spent) =>
    Number((((after[name] - before[name]) * 1e5) / MEASURED_MS).toFixed(1))
  await page.context().close()
  return {
    calls,
    'all tasks': percent('TaskDuration'),
    script: percent('ScriptDuration'),
    'style and layout': Number((percent('RecalcStyleDuration') + percent('LayoutDuration')).toFixed(1)),
    'pictures a second': Math.round((frames * 1000) / MEASURED_MS),
    'longest wait, ms': Math.round(longestMs)
  }
}
