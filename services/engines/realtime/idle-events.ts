import { COLON, COMMA, isText, NOWHERE, OPEN, stringEnd } from '../../sockets/plain-json.ts'

const TYPE = Buffer.from('type')

/** What the service tells besides, about a third of its events: nothing follows from them here but that it is at work. */
const OF_RESPONSES = [
  'response.output_item.added',
  'response.content_part.added',
  'response.content_part.done',
  'response.output_audio.done',
  'response.output_audio_transcript.done',
  'response.function_call_arguments.delta',
  'response.function_call_arguments.done'
].map((type) => Buffer.from(type))
const OTHERS = [
  'input_audio_buffer.committed',
  'input_audio_buffer.cleared',
  'conversation.item.done',
  'conversation.item.truncated',
  'conversation.item.deleted',
  'conversation.item.input_audio_transcription.delta',
  'rate_limits.updated'
].map((type) => Buffer.from(type))

/**
 * Whether the message in `data` from `start` to `end` is an event that nobody waits for, and if it tells of a response,
 * by its `type` among the plain strings that it begins with; null for any other. No more of it is read.
 */
export function idleEvent(data: Buffer, start: number, end: number): 'of_response' | 'other' | null {
  if (data[start] !== OPEN) return null
  for (let at = start + 1; ; at += 1) {
    const colon = stringEnd(data, at, end)
    if (colon === NOWHERE || data[colon] !== COLON) return null
    const next = stringEnd(data, colon + 1, end)
    if (next === NOWHERE) return null
    if (isText(data, at + 1, colon - 1, TYPE)) {
      const isType = (type: Buffer) => isText(data, colon + 2, next - 1, type)
      if (OF_RESPONSES.some(isType)) return 'of_response'
      return OTHERS.some(isType) ? 'other' : null
    }
    if (data[next] !== COMMA) return null
    at = next
  }
}
