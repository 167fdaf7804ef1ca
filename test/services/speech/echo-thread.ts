import { workerData } from 'node:worker_threads'
import { serveRequests } from '../../../services/speech/speech-thread.ts'

/** Stands in for the speech programs: answers with the request, and fails in the ways that they can. */
await serveRequests<string, string>(async () => {
  if (workerData === 'refuse') throw new Error('there is no model')
  return (request) => {
    if (request === 'fail') throw new Error('that cannot be said')
    if (request === 'die') process.exit(1)
    if (request === 'trap') throw new WebAssembly.RuntimeError('unreachable')
    while (request === 'hang');
    return { answer: request }
  }
})
