/** The real server, as `npm start` runs it but for its log, which goes nowhere, and an ear for the benchmark. Its database goes with it. */
import { rm } from 'node:fs/promises'
import { startServer } from '../server.ts'
import { loadConfig } from '../services/config.ts'
import { createLogger, logFile } from '../services/logger.ts'
import { createProcessMeter } from './process-meter.ts'
import { answerQuestions } from './processes.ts'

const log = createLogger({ level: 'info', pretty: false, destination: logFile('/dev/null') })
const config = loadConfig(process.env)
const server = await startServer(config, log)
const meter = createProcessMeter()

const questions = {
  sample: (_: null) => meter.sample(),
  memory: (_: null) => meter.memory(),
  liveCalls: (_: null) => server.registry.size
}
export type ServerQuestions = typeof questions

answerQuestions(questions, async () => {
  await server.stop()
  await rm(config.dataDir, { recursive: true, force: true })
})
