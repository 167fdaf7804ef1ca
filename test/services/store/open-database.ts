import { createLogger } from '../../../services/logger.ts'
import { openDatabase } from '../../../services/store/database.ts'

/** A process that opens the embedded database of a folder, says so, and lives until it is killed. */
const [dataDir = '', systemDir] = process.argv.slice(2)
const log = createLogger({ level: 'silent', pretty: false })
const { pool, description } = await openDatabase({ databaseUrl: null, dataDir, systemDir, log })
await pool.query('create table if not exists kept (n integer)')
await pool.query('insert into kept values (1)')
process.send?.(description)
setInterval(() => undefined, 60_000)
