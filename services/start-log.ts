import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { webSocketOrigin } from './public-url.ts'

/** What a platform's log is to show of a start. */
export function logStarted(
  config: Config,
  log: Logger,
  { port, database }: { port: number; database: string }
): void {
  const streamOrigin = config.telnyx?.streamUrl ?? config.publicUrl
  const mediaStreamUrl = streamOrigin && `${webSocketOrigin(streamOrigin)}/media-stream-ws`
  const publicUrl = config.publicUrl?.origin ?? null
  const { engine } = config
  log.info(
    { event: 'server.started', port, publicUrl, mediaStreamUrl, engine, database },
    'Offhook listening'
  )
}

/** What a person is to read who has started it: where to look, and what to try next. */
export function welcome(
  config: Config,
  server: { readonly url: string; readonly operatorToken: string },
  log: Logger
): void {
  if (config.operatorToken === null)
    log.info({ event: 'console.address' }, `${server.url}/#token=${server.operatorToken}`)
  const address = server.url === 'http://localhost:5001' ? '' : `--server ${server.url} `
  log.info(
    { event: 'phone.hint' },
    `Call it from another terminal: npm run call -- ${address}--say "what are your opening hours"`
  )
  for (const name of config.unused) {
    log.warn({ event: 'config.unused', name }, `${name} is set, and this version does not use it`)
  }
}
