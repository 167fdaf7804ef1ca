import { HttpError } from './http-error.ts'
import type { RouteOptions } from './route-options.ts'

const CATCH_UP_MS = 3_000

/**
 * What is stored of a call. Its records are written beside it, not before it: so where there is nothing, the answer waits
 * until what happened before the question is stored.
 * @throws HttpError 404 of an id that no call has; 503 where the database is more than three seconds behind.
 */
export async function findKnownCall<Call>(
  { storeCaughtUp }: Pick<RouteOptions, 'storeCaughtUp'>,
  find: () => Promise<Call | null>
): Promise<Call> {
  const found = await find()
  if (found) return found
  const isCaughtUp = await storeCaughtUp(CATCH_UP_MS)
  const written = await find()
  if (written) return written
  if (isCaughtUp) throw new HttpError(404, 'unknown_call', 'There is no call with this id.')
  throw new HttpError(503, 'store_behind', 'The database is behind what happens: ask again in a few seconds.')
}
