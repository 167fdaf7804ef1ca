import type { Config } from '../../services/config.ts'
import type { CheckResult } from './diagnosis.ts'

/**
 * The doctor of a server that runs, for its operator: every check but those that would start a second server's worth of
 * parts beside this one.
 */
export function createExaminer(options: {
  config: Config
  operatorToken: string
  now: () => number
}): () => Promise<CheckResult[]> {
  return async () => {
    // Much of it is of no use to a server until it is asked.
    const { CHECKS, examineAll, judgeConfiguration } = await import('./diagnosis.ts')
    const { findLocalServer } = await import('./local-server.ts')
    // That it runs is certain, even where the port that it was given leads nowhere.
    const server = (await findLocalServer(options.config)) ?? { instanceId: null }
    const checks = CHECKS.filter(({ name }) => name !== 'embedded agent')
    const results: CheckResult[] = [{ name: 'configuration', findings: judgeConfiguration(options.config) }]
    await examineAll({ ...options, server, checks, onResult: (result) => results.push(result) })
    return results
  }
}
