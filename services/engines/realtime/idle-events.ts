import { COLON, COMMA, isText, NOWHERE, OPEN, stringEnd } from '../../sockets/plain-json.ts'

const TYPE = Buffer.from('type')

/** What the service tells besides, about a third of its events: nothing follows from them here. */
const IDLE = [
  'input_audio_buffer.committed',
  'input_audio_buffer.cleared',
  'conversation.item.done',
  'conversation.item.truncated',
  'conversation.item.deleted',
  'conversation.item.input_audio_transcription.delta',
  'response.output_item.added',
  'response.content_part.added',
  'response.content_part.done',
  'response.output_audio.done',
  'response.output_audio_transcript.done',
  'response.function_call_arguments.delta',
  'response.function_call_arguments.done',
  'rate_limits.updated'
].map((type) => Buffer.from(type))

/**
 * Whether the message in `data` from `start` to `end` is an event that nobody waits for, told by its `type` among the
 * plain strings that it begins with. No more of it is read.
 */
export function isIdleEvent(data: Buffer, start: number, end: number): boolean {
  if (data[start] !== OPEN) return false
  for (let at = start + 1; ; at += 1) {
    const colon = stringEnd(data, at, end)
    if (colon === NOWHERE || data[colon] !== COLON) return false
    const next = stringEnd(data, colon + 1, end)
    if (next === NOWHERE) return false
    if (isText(data, at + 1, colon - 1, TYPE))
      return IDLE.some((type) => isText(data, colon + 2, next - 1, type))
    if (data[next] !== COMMA) return false
    at = next
  }
}
