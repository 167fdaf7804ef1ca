import { compileFlite } from './flite-wasi.ts'
import { serveRequests } from './speech-thread.ts'
import { speak, type VoiceRequest } from './voice.ts'

await serveRequests<VoiceRequest, Int16Array<ArrayBuffer>>(async () => {
  const flite = await compileFlite()
  // The first run pays for compiling what it calls; no caller should wait for that.
  speak(flite, { text: 'Hello.', voice: 'rms', stretch: 1 })
  return (request) => {
    const answer = speak(flite, request)
    return { answer, transfer: [answer.buffer] }
  }
})
