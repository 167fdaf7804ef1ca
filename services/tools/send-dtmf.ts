import type { Tool } from '../../sessions/contracts/tool.ts'

/** Presses keys, for menus and extensions on the other end. `send` takes our id of the call. */
export function sendDtmf(send: (callId: string, digits: string) => Promise<void>): Tool {
  return {
    spec: {
      name: 'send_dtmf',
      description: 'Presses keys of the telephone, for a menu or an extension on the other end.',
      parameters: {
        type: 'object',
        properties: {
          digits: {
            type: 'string',
            pattern: '^[0-9A-D*#wW]{1,64}$',
            description: '0-9, *, #, A-D; w waits half a second, W a second.'
          }
        },
        required: ['digits'],
        additionalProperties: false
      }
    },
    async run({ digits }, { callId }) {
      await send(callId, String(digits ?? ''))
      return JSON.stringify({ pressed: true })
    }
  }
}
