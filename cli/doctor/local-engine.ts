import { pino } from 'pino'
import { systemClock } from '../../services/clock.ts'
import { createLocalEngines } from '../../services/engines/local/local-engine-factory.ts'
import { type Check, fault, ok } from './check.ts'

/** Whether the embedded agent has its dialogue, its ears and its voice. */
export const localEngine: Check = {
  name: 'embedded agent',
  async run({ config, now }) {
    const startedAt = now()
    try {
      const log = pino({ level: 'silent' })
      const engines = await createLocalEngines({ dialoguePath: config.dialoguePath, clock: systemClock, log })
      await engines.ready.finally(() => engines.close())
      return [ok(`It is ready to answer after ${Math.round(now() - startedAt)} ms.`)]
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const fix = config.dialoguePath
        ? 'Correct the file of LOCAL_DIALOGUE.'
        : 'Run npm ci again: a part of it is missing or damaged.'
      return [fault(`It does not start: ${reason}`, fix)]
    }
  }
}
