import { workerData } from 'node:worker_threads'
import type { Recognition } from './local-speech.ts'
import { Recogniser, type RecogniserOptions } from './recogniser.ts'
import { serveRequests } from './speech-thread.ts'

await serveRequests<Int16Array, Recognition>(async () => {
  const recogniser = await Recogniser.load(workerData as RecogniserOptions)
  return (pcm) => ({ answer: recogniser.recognise(pcm) })
})
