import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { PhoneError } from './phone-error.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The operator's token, from the first place that has one: `given`, OPERATOR_TOKEN in the environment, then in `.env`,
 * then the file that a server without OPERATOR_TOKEN keeps in its data folder while it runs.
 * @throws PhoneError that says where it could come from.
 */
export function findOperatorToken(options: {
  given: string | null
  env: Environment
  /** Folder of `.env`, and what a relative DATA_DIR starts from. */
  cwd: string
}): string {
  const fromFile = parseEnv(readText(path.join(options.cwd, '.env')) ?? '') as Environment
  const env = { ...fromFile, ...options.env }
  const token = options.given ?? (env.OPERATOR_TOKEN || null)
  if (token !== null) return token
  const kept = path.resolve(options.cwd, env.DATA_DIR || './data', 'operator-token')
  const keptToken = readText(kept)?.trim()
  if (keptToken) return keptToken
  throw new PhoneError(
    `There is no operator token: --token was not given, OPERATOR_TOKEN is not set, and there is no ${kept}.\n` +
      'Pass --token with the one that the server printed at start, or set OPERATOR_TOKEN; if the server runs on ' +
      'this machine with another DATA_DIR, set DATA_DIR to it.'
  )
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
