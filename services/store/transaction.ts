import type pg from 'pg'

/** A checked-out connection that fails while idle emits an error, which nobody but its holder can hear. */
export async function withClient<T>(pool: pg.Pool, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  const onError = (error: Error) => {
    broken = error
  }
  client.on('error', onError)
  try {
    return await use(client)
  } catch (error) {
    broken ??= error instanceof Error ? error : new Error('Query failed.', { cause: error })
    throw error
  } finally {
    client.off('error', onError)
    client.release(broken)
  }
}

/** Runs `use` in one transaction: committed when it resolves, rolled back when it rejects. */
export function withTransaction<T>(pool: pg.Pool, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  return withClient(pool, async (client) => {
    await client.query('begin')
    // Where `use` rejects, the connection is discarded, and the server rolls back.
    const result = await use(client)
    await client.query('commit')
    return result
  })
}
