import { existsSync } from 'node:fs'
import { parseArgs, styleText } from 'node:util'
import type { FindingStatus } from './doctor/check.ts'
import { type CheckResult, diagnose } from './doctor/diagnosis.ts'
import { findOperatorToken } from './phone/operator-token.ts'

const USAGE = `Checks that calls can reach this server and be answered, and says how to mend what is in the way.
Run it where the server runs, with the same environment, while the server is running.

  npm run doctor -- [options]

  --json   one JSON object and nothing else
  --help

Exits with 1 where there is a fault.
`
const EXIT_FAULT = 1
const EXIT_USAGE = 2
const SIGNS: Readonly<Record<FindingStatus, [sign: string, style: 'green' | 'yellow' | 'red' | 'dim']>> = {
  ok: ['✔', 'green'],
  warning: ['!', 'yellow'],
  fault: ['✖', 'red'],
  skipped: ['–', 'dim']
}
const NAME_WIDTH = 17

/** Returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = parse(args)
  if (!options) return EXIT_USAGE
  if (options.help) {
    process.stdout.write(USAGE)
    return 0
  }
  if (existsSync('.env')) process.loadEnvFile('.env')
  const results = await diagnose({
    env: process.env,
    operatorToken: operatorToken(),
    now: Date.now,
    onResult: (result) => options.json || print(result)
  })
  const faults = count(results, 'fault')
  if (options.json)
    process.stdout.write(`${JSON.stringify({ ok: faults === 0, checks: flatten(results) })}\n`)
  else process.stdout.write(`\n${summary(faults, count(results, 'warning'))}\n`)
  return faults > 0 ? EXIT_FAULT : 0
}

function parse(args: readonly string[]): { json: boolean; help: boolean } | null {
  try {
    const flag = { type: 'boolean', default: false } as const
    return parseArgs({ args: [...args], options: { json: flag, help: flag } }).values
  } catch (error) {
    process.stderr.write(`${(error as Error).message} See npm run doctor -- --help\n`)
    return null
  }
}

function operatorToken(): string | null {
  try {
    return findOperatorToken({ given: null, env: process.env, cwd: process.cwd() })
  } catch {
    return null
  }
}

function print({ name, findings }: CheckResult): void {
  for (const [index, { status, message, fix }] of findings.entries()) {
    const [sign, style] = SIGNS[status]
    const label = (index === 0 ? name : '').padEnd(NAME_WIDTH)
    process.stdout.write(`${styleText(style, sign)} ${label}${message}\n`)
    if (fix) process.stdout.write(`  ${' '.repeat(NAME_WIDTH)}→ ${fix}\n`)
  }
}

function count(results: readonly CheckResult[], status: FindingStatus): number {
  return results.flatMap(({ findings }) => findings).filter((finding) => finding.status === status).length
}

function flatten(results: readonly CheckResult[]): Record<string, unknown>[] {
  return results.flatMap(({ name, findings }) => findings.map((finding) => ({ name, ...finding })))
}

function summary(faults: number, warnings: number): string {
  const plural = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`
  const besides = warnings > 0 ? `, ${plural(warnings, 'warning')}` : ''
  return faults === 0 ? `No faults${besides}.` : `${plural(faults, 'fault')}${besides}.`
}

process.exitCode = await main(process.argv.slice(2))
