import type { RealtimeSessionCreateRequest } from 'openai/resources/realtime/realtime'
import type { EventFault } from './event-schema.ts'

export type SessionConfig = RealtimeSessionCreateRequest & { object: 'realtime.session'; id: string }

export function initialConfig(id: string, model: string): SessionConfig {
  const format = { type: 'audio/pcm', rate: 24_000 } as const
  return {
    type: 'realtime',
    object: 'realtime.session',
    id,
    model,
    output_modalities: ['audio'],
    instructions: 'You are a helpful assistant.',
    tools: [],
    audio: {
      input: {
        format,
        turn_detection: {
          type: 'server_vad',
          threshold: 0.5,
          prefix_padding_ms: 300,
          silence_duration_ms: 200,
          create_response: true,
          interrupt_response: true
        }
      },
      output: { format, voice: 'alloy' }
    }
  }
}

/** What `session.update` makes of a configuration: the fields that are given replace those before. */
export function updatedConfig(config: SessionConfig, update: RealtimeSessionCreateRequest): SessionConfig {
  return {
    ...config,
    ...update,
    audio: {
      input: { ...config.audio?.input, ...update.audio?.input },
      output: { ...config.audio?.output, ...update.audio?.output }
    }
  }
}

/** Why the service refuses an update that is well formed; null where it does not. */
export function updateRefusal(
  config: SessionConfig,
  update: RealtimeSessionCreateRequest,
  hasSpoken: boolean
): EventFault | null {
  if (update.model !== undefined && update.model !== config.model) {
    const message = `Cannot change the model of a session from '${config.model}'.`
    return { code: 'invalid_value', message, param: 'session.model' }
  }
  const voice = update.audio?.output?.voice
  if (hasSpoken && voice !== undefined && voice !== config.audio?.output?.voice) {
    const message = "Cannot update a conversation's voice if assistant audio is present."
    return { code: 'cannot_update_voice', message, param: 'session.audio.output.voice' }
  }
  return null
}
