import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

const DESCRIPTION =
  'Realtime AI voice agent on your phone number. Errors are {"error","message"} with the fitting status.'

const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 24" fill="#fff" font-size="20">' +
  '<text y="19" font-family="sans-serif">Offhook</text></svg>'

/** The description of every route that is registered after it, at `/openapi.json`, and browsable at `/docs`. */
export async function openApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Offhook', version: '1', description: DESCRIPTION },
      components: {
        securitySchemes: {
          operatorToken: { type: 'http', scheme: 'bearer', description: 'OPERATOR_TOKEN' }
        }
      }
    }
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    logo: { type: 'image/svg+xml', content: LOGO },
    theme: { title: 'Offhook' }
  })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}
