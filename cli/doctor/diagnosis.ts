import { type Config, ConfigError, loadConfig } from '../../services/config.ts'
import { certificate } from './certificate.ts'
import { type Check, type Examination, type Finding, fault, type LocalServer, ok, warning } from './check.ts'
import { clockSkew } from './clock-skew.ts'
import { database } from './database.ts'
import { deepgram } from './deepgram.ts'
import { disk } from './disk.ts'
import { localEngine } from './local-engine.ts'
import { findLocalServer, localServer } from './local-server.ts'
import { openAi } from './openai.ts'
import { publicAddress } from './public-address.ts'
import { redis } from './redis.ts'
import { telnyxAccount } from './telnyx.ts'
import { twilioAccount } from './twilio.ts'
import { webhookSignatures } from './webhooks.ts'
import { webSocketUpgrade } from './websocket.ts'

export interface CheckResult {
  readonly name: string
  readonly findings: readonly Finding[]
}

export const CHECKS: readonly Check[] = [
  localServer,
  publicAddress,
  certificate,
  webSocketUpgrade,
  webhookSignatures,
  clockSkew,
  database,
  redis,
  telnyxAccount,
  twilioAccount,
  openAi,
  deepgram,
  localEngine,
  disk
]

type Environment = Readonly<Record<string, string | undefined>>

/** Examines everything at once; tells each result, in the order of the list, as soon as those before it are there. */
export async function diagnose(options: {
  env: Environment
  /** Default: all of them. */
  checks?: readonly Check[]
  operatorToken: string | null
  now: () => number
  onResult: (result: CheckResult) => void
}): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  const report = (result: CheckResult): void => {
    results.push(result)
    options.onResult(result)
  }
  const { config, findings } = readConfiguration(options.env)
  report({ name: 'configuration', findings })
  if (!config) return results
  const { checks = CHECKS, operatorToken, now } = options
  const server = await findLocalServer(config)
  await examineAll({ config, checks, server, operatorToken, now, onResult: report })
  return results
}

/** Tells each result, in the order of the checks, as soon as those before it are there. */
export async function examineAll(options: {
  config: Config
  checks: readonly Check[]
  server: LocalServer | null
  operatorToken: string | null
  now: () => number
  onResult: (result: CheckResult) => void
}): Promise<void> {
  const { config, operatorToken, server, now } = options
  const examination: Examination = { config, operatorToken, server, now }
  const pending = options.checks.map((check) => ({
    name: check.name,
    findings: examine(check, examination)
  }))
  for (const { name, findings } of pending) options.onResult({ name, findings: await findings })
}

/** Of a configuration that is as expected. */
export function judgeConfiguration({ unused }: Config): Finding[] {
  const findings = unused.map((name) =>
    warning(`${name} is set, and this version does not use it.`, 'Remove it.')
  )
  return [ok('Every variable is as expected.'), ...findings]
}

/** A fault of a check's own must not hide what the others found. */
async function examine(check: Check, examination: Examination): Promise<readonly Finding[]> {
  try {
    return await check.run(examination)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return [fault(`It could not be examined: ${reason}`, 'Please report this.')]
  }
}

function readConfiguration(env: Environment): { config: Config | null; findings: Finding[] } {
  try {
    const config = loadConfig(env)
    return { config, findings: judgeConfiguration(config) }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const findings = error.faults.map((each) =>
      fault(`${each}.`, 'Correct it in the environment or in .env.')
    )
    return { config: null, findings }
  }
}
