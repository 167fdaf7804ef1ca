import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { wavHeader } from '../audio/wav.ts'
import { errors, operator } from './api-schemas.ts'
import type { RouteOptions } from './route-options.ts'

/** Of the embedded voice, Hz. */
const SAMPLE_RATE = 16_000

const body = Type.Object(
  { text: Type.String({ minLength: 1, maxLength: 500 }) },
  { additionalProperties: false }
)

/** Speech for the softphone of somebody without a microphone: what is typed is said into the call. */
export async function speechRoutes(app: FastifyInstance, { auth, speak }: RouteOptions): Promise<void> {
  app.post(
    '/api/speech',
    {
      onRequest: auth.require,
      schema: {
        ...operator,
        tags: ['calls'],
        summary: 'Says a text in the embedded voice, in English: WAV, 16-bit PCM, mono, 16 kHz',
        body,
        response: {
          200: {
            description: 'audio',
            content: { 'audio/wav': { schema: Type.String({ format: 'binary' }) } }
          },
          ...errors(400, 401)
        }
      }
    },
    async (request, reply) => {
      const samples = await speak((request.body as Static<typeof body>).text)
      const data = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
      const header = wavHeader({ sampleRate: SAMPLE_RATE, channels: 1, dataBytes: data.byteLength })
      return reply
        .type('audio/wav')
        .serializer((payload: unknown) => payload as string)
        .send(Buffer.concat([header, data]))
    }
  )
}
