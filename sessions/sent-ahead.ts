import { type AudioFormat, bytesPerSample } from '../audio/format.ts'
import { createTranscoder } from '../audio/transcoder.ts'
import type { HeardAudio, SentAudio } from './heard-audio.ts'
import type { PlaybackTracker } from './playback-tracker.ts'
import type { ReplyBuffer } from './reply-buffer.ts'

/** What the carrier has still to play, made again from what is kept of the replies. */
export function sentAhead(
  replies: {
    readonly playback: PlaybackTracker
    readonly buffers: ReadonlyMap<string, ReplyBuffer>
    readonly engineFormat: AudioFormat
  },
  { format, positionMs }: HeardAudio
): SentAudio[] {
  const { playback, buffers, engineFormat } = replies
  return playback.ahead(positionMs).flatMap(({ replyId, fromMs, startMs, lengthMs }) => {
    const transcoder = createTranscoder(engineFormat, format)
    const kept = buffers.get(replyId)?.from(fromMs) ?? []
    const audio = Buffer.concat(kept.map((chunk) => new Uint8Array(transcoder.push(chunk))))
    const samples = Math.round((lengthMs * format.sampleRate) / 1000)
    const payload = audio.subarray(0, samples * bytesPerSample(format))
    return payload.byteLength > 0 ? [{ startMs, payload }] : []
  })
}
