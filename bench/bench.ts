/**
 * The performance benchmark: `npm run bench -- [--quick] [--only load|barge-in|cascade|soak|store|audio|speech]`.
 *
 * Server, load and carrier stand-ins run in processes of their own on loopback, the server pinned to one core. Costs
 * are told beside those of a bare relay in the same run, since milliseconds alone tell of the machine.
 */
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { runBargeIn } from './barge-in-section.ts'
import { Bars } from './bars.ts'
import { runCascade } from './cascade-bench.ts'
import { runLoad } from './load-section.ts'
import { canPin } from './processes.ts'
import { runSoak } from './soak-section.ts'
import { runStore } from './store-section.ts'

const SECTIONS = ['load', 'barge-in', 'cascade', 'soak', 'store', 'audio', 'speech'] as const

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } }
})
const wanted = values.only ?? SECTIONS
const unknown = wanted.find((section) => !SECTIONS.some((name) => name === section))
if (unknown !== undefined) {
  console.error(`--only takes ${SECTIONS.join(', ')}; not '${unknown}'`)
  process.exit(2)
}

const bars = new Bars()
const startedAt = performance.now()
const [cpu] = cpus()
console.log(`${cpus().length} cores (${cpu.model.trim()}), Node ${process.version}, ${process.platform}`)
console.log(
  canPin
    ? 'The relays are pinned to core 0, what calls them to core 1.'
    : 'No taskset here: nothing is pinned to a core, and a core is not what is measured.'
)
if (wanted.includes('load')) {
  const calls = values.quick ? [10, 50] : [10, 50, 100, 200, 300, 400]
  await runLoad({ calls, windowMs: values.quick ? 3000 : 4000 }, bars)
}
if (wanted.includes('barge-in')) {
  await runBargeIn(values.quick ? { calls: 4, turns: 4 } : { calls: 10, turns: 32 }, bars)
}
if (wanted.includes('cascade')) {
  await runCascade(values.quick ? { calls: 4, turns: 5 } : { calls: 8, turns: 5 }, bars)
}
if (wanted.includes('soak')) {
  const soak = values.quick
    ? { warmUpCalls: 300, calls: 500, limitMs: 30_000 }
    : { warmUpCalls: 1000, calls: 10_000, limitMs: 150_000 }
  await runSoak(soak, bars)
}
if (wanted.includes('store')) await runStore({ calls: 10_000, turns: values.quick ? 2 : 6 }, bars)
for (const [section, module] of [
  ['audio', 'audio-bench.ts'],
  ['speech', 'detector-bench.ts'],
  ['speech', 'speech-bench.ts']
] as const) {
  if (!wanted.includes(section)) continue
  console.log()
  const script = path.join(import.meta.dirname, module)
  const { status } = spawnSync(process.execPath, [script], { stdio: 'inherit' })
  bars.atMost(`exit code of ${module}`, status ?? undefined, 0)
}

console.log(`\nAfter ${Math.round((performance.now() - startedAt) / 1000)} s:`)
bars.print()
if (!bars.allPassed) process.exitCode = 1
