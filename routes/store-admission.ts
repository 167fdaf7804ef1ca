import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'

/** For routes that are nothing without the database. @throws HttpError 503 where it is out of reach. */
export function requireStore({ storeReady }: RouteOptions): () => Promise<void> {
  return async () => {
    if (await storeReady()) return
    throw new HttpError(503, 'store_unavailable', 'The database is out of reach; the log says why.')
  }
}
