import type { Tool } from '../../sessions/contracts/tool.ts'

/** Carried out by the session itself, which lets the goodbye be heard first. */
export const endCall: Tool = {
  spec: {
    name: 'end_call',
    description: 'Ends the call. Say goodbye first.',
    parameters: { type: 'object', properties: {}, additionalProperties: false }
  },
  run: async () => 'The call ends.'
}
