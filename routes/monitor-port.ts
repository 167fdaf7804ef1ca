import type { FastifyInstance } from 'fastify'
import { audioStreamRoutes } from './audio-stream.ts'
import { callEventRoutes } from './call-events.ts'
import { frontendAudioRoutes } from './frontend-audio.ts'
import type { RouteOptions } from './route-options.ts'
import { registerShell } from './shell.ts'

const ENDPOINTS = {
  callEvents: callEventRoutes,
  audioStream: audioStreamRoutes,
  frontendAudio: frontendAudioRoutes
} as const

export type MonitorEndpoint = keyof typeof ENDPOINTS

/** One WebSocket endpoint alone, at any path, for front ends that expect it on a port of its own. */
export async function monitorPort(
  app: FastifyInstance,
  { endpoint, options }: { endpoint: MonitorEndpoint; options: RouteOptions }
): Promise<void> {
  await registerShell(app)
  await app.register(ENDPOINTS[endpoint], { ...options, path: '*' })
}
