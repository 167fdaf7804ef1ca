import type { FastifyInstance } from 'fastify'
import { agentVersionRoutes } from './agent-versions.ts'
import { agentRoutes } from './agents.ts'
import { audioStreamRoutes } from './audio-stream.ts'
import { callEventRoutes } from './call-events.ts'
import { callerRoutes } from './callers.ts'
import { callRoutes } from './calls.ts'
import { consoleRoutes } from './console.ts'
import { doctorRoutes } from './doctor.ts'
import { frontendAudioRoutes } from './frontend-audio.ts'
import { healthRoutes } from './health.ts'
import { mediaStreamRoutes } from './media-stream.ts'
import { numberRoutes } from './numbers.ts'
import { openApi } from './openapi.ts'
import { productRoutes } from './products.ts'
import { recordingRoutes } from './recordings.ts'
import { forwardToReplicas } from './replica-forwarding.ts'
import { reportRoutes } from './reports.ts'
import type { RouteOptions } from './route-options.ts'
import { registerShell } from './shell.ts'
import { speechRoutes } from './speech.ts'
import { tapeRoutes } from './tapes.ts'
import { telnyxCallRoutes } from './telnyx-calls.ts'
import { telnyxWebhookRoutes } from './telnyx-webhook.ts'
import { testCallRoutes } from './test-calls.ts'
import { twilioRoutes } from './twilio.ts'
import { twilioMediaStreamRoutes } from './twilio-media-stream.ts'
import { twilioTransferRoutes } from './twilio-transfer.ts'
import { usageRoutes } from './usage.ts'
import { webhookDeliveryRoutes } from './webhook-deliveries.ts'

/** Every door of the server. */
export async function routes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  await registerShell(app)
  await openApi(app)
  forwardToReplicas(app, options)
  await app.register(healthRoutes, options)
  await app.register(telnyxWebhookRoutes, options)
  await app.register(telnyxCallRoutes, options)
  await app.register(mediaStreamRoutes, options)
  await app.register(twilioRoutes, options)
  await app.register(twilioTransferRoutes, options)
  await app.register(twilioMediaStreamRoutes, options)
  await app.register(testCallRoutes, options)
  await app.register(speechRoutes, options)
  await app.register(callRoutes, options)
  await app.register(recordingRoutes, options)
  await app.register(callerRoutes, options)
  await app.register(webhookDeliveryRoutes, options)
  await app.register(tapeRoutes, options)
  await app.register(agentRoutes, options)
  await app.register(agentVersionRoutes, options)
  await app.register(numberRoutes, options)
  await app.register(productRoutes, options)
  await app.register(usageRoutes, options)
  await app.register(reportRoutes, options)
  await app.register(doctorRoutes, options)
  await app.register(callEventRoutes, options)
  await app.register(audioStreamRoutes, options)
  await app.register(frontendAudioRoutes, options)
  await app.register(consoleRoutes)
}
