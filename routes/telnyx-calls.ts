import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Dial } from '../sessions/call-control.ts'
import type { AgentProfile } from '../sessions/contracts/agent-profile.ts'
import { CallError } from '../sessions/errors.ts'
import { errors, operator, success } from './api-schemas.ts'
import { initiateBody, initiated, muteBody } from './call-schemas.ts'
import { assumeBody } from './calls.ts'
import { HttpError } from './http-error.ts'
import { findKnownCall } from './known-call.ts'
import { noteAction } from './operator-action.ts'
import { initiatedReply, placeCall } from './outbound-call.ts'
import type { RouteOptions } from './route-options.ts'

const tags = ['telnyx']
const endBody = Type.Object(
  { call_control_id: Type.String({ minLength: 1, maxLength: 300 }) },
  { additionalProperties: false }
)
const callControlId = Type.Object({ callControlId: Type.String({ minLength: 1, maxLength: 300 }) })

/** The operator's commands for calls of Telnyx. */
export async function telnyxCallRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  const { auth, calls, operations, registry } = options
  app.addHook('onRequest', auth.require)

  app.post(
    '/api/calls/telnyx/initiate',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Calls somebody through Telnyx',
        body: initiateBody,
        response: { 200: initiated, ...errors(400, 401, 402, 403, 404, 429, 502, 503) }
      }
    },
    async (request) => {
      const { carrier, explainRefusal } = configured(options)
      const body = request.body as Static<typeof initiateBody>
      let streamUrl = ''
      const dial =
        ({ machineDetection }: AgentProfile): Dial =>
        ({ callId }, mintStream) => {
          const stream = mintStream()
          streamUrl = stream.url
          const { from, to } = body
          return carrier.dial({ callId, from, to, stream, detectMachine: machineDetection !== 'off' })
        }
      const call = await placeCall(options, carrier, body, dial).catch((error: unknown) => {
        if (!(error instanceof CallError) || error.code !== 'CARRIER_REFUSED') throw error
        const { status, code, advice } = explainRefusal(error.detail)
        throw new HttpError(status, code, advice)
      })
      return initiatedReply(call, streamUrl, options)
    }
  )

  app.post(
    '/api/calls/telnyx/end',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Ends a call of Telnyx; one that is over already is a success',
        body: endBody,
        response: { 200: success, ...errors(400, 401, 404, 502, 503) }
      }
    },
    async (request) => {
      configured(options)
      const { call_control_id: id } = request.body as Static<typeof endBody>
      noteAction(options, request, id, { action: 'end' })
      if (registry.find(id)) await operations.end(id)
      else await findKnownCall(options, () => calls.findCallRow(id))
      return { success: true }
    }
  )

  for (const command of ['mute', 'unmute'] as const) {
    app.post(
      `/api/calls/telnyx/:callControlId/${command}`,
      {
        preValidation: assumeBody,
        schema: {
          ...operator,
          tags,
          summary:
            command === 'mute'
              ? 'Silences the agent in the ear of the caller, or the caller in the ear of the agent'
              : 'Lets a muted party be heard again',
          params: callControlId,
          body: muteBody,
          response: { 200: success, ...errors(400, 401, 404) }
        }
      },
      async (request) => {
        const { callControlId: id } = request.params as Static<typeof callControlId>
        const party = ((request.body as Static<typeof muteBody>).party ?? 'agent') as 'agent' | 'caller'
        operations.mute(id, party, command === 'mute')
        noteAction(options, request, id, { action: command, party })
        return { success: true }
      }
    )
  }
}

function configured({ telnyx }: RouteOptions): NonNullable<RouteOptions['telnyx']> {
  if (telnyx) return telnyx
  throw new HttpError(503, 'carrier_not_configured', 'Telnyx is not configured: set TELNYX_API_KEY.')
}
