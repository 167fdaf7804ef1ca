import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, chown, lstat, mkdir, readlink, realpath, rmdir, stat, symlink } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Logger } from 'pino'

const run = promisify(execFile)

/** The unprivileged system user that PostgreSQL, which refuses to run as root, is started as. */
export interface Account {
  readonly name: string
  /** As `node:child_process` wants them. */
  readonly ids: { readonly uid: number; readonly gid: number }
}

/** null where the process is not root: then the database runs as the same user. */
export async function chooseAccount(dataDir: string): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null
  const owner = await stat(path.join(dataDir, 'postgres', 'cluster')).catch(() => null)
  // A cluster keeps its owner, even when a better-named account has been added to the system since.
  if (owner && owner.uid !== 0) return { name: `uid ${owner.uid}`, ids: { uid: owner.uid, gid: owner.gid } }
  for (const name of ['postgres', 'nobody']) {
    const ids = await lookUp(name)
    if (ids) return { name, ids }
  }
  throw new Error(
    'PostgreSQL refuses to run as root, and this system has neither a user "postgres" nor "nobody" to run it as. ' +
      'Start Offhook as another user, or set DATABASE_URL.'
  )
}

/**
 * The folder that holds the cluster, its password and its log: `<dataDir>/postgres`. Where `account` cannot reach
 * that, a lasting folder under `systemDir` with `<dataDir>/postgres` as a link to it, so that it stays found.
 */
export async function prepareHome(
  dataDir: string,
  account: Account | null,
  systemDir: string,
  log: Logger
): Promise<string> {
  await mkdir(dataDir, { recursive: true })
  const home = path.join(await realpath(dataDir), 'postgres')
  const linked = await readlink(home).catch(() => null)
  if (linked) return claim(linked, account)
  if (!account || (await admit(account, path.dirname(home)))) return claim(home, account)
  await refuseToAbandon(home, account)
  const elsewhere = path.join(
    systemDir,
    `data-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`
  )
  await mkdir(systemDir, { recursive: true })
  await chmod(systemDir, 0o755)
  await claim(elsewhere, account)
  await symlink(elsewhere, home)
  log.warn(
    { event: 'database.moved', dataDir, databaseDir: elsewhere, account: account.name },
    'DATA_DIR is closed to the user that PostgreSQL runs as, so the database is kept elsewhere'
  )
  return elsewhere
}

async function claim(home: string, account: Account | null): Promise<string> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  if (!account) return home
  await chown(home, account.ids.uid, account.ids.gid)
  const cluster = path.join(home, 'cluster')
  const owner = await stat(cluster).catch(() => null)
  // Restored from a backup by root: PostgreSQL insists on owning its files.
  if (owner?.uid === 0) await run('chown', ['-R', `${account.ids.uid}:${account.ids.gid}`, cluster])
  return home
}

/** Starting with an empty database although there is a full one would look like the loss of all calls. */
async function refuseToAbandon(home: string, account: Account): Promise<void> {
  const cluster = await lstat(path.join(home, 'cluster')).catch(() => null)
  if (cluster) {
    throw new Error(
      `The database in ${home} cannot be reached by the user that PostgreSQL runs as (${account.name}). ` +
        'Let that user enter the folders above it (chmod o+x), or move DATA_DIR.'
    )
  }
  await rmdir(home).catch(() => undefined)
}

/**
 * Whether `account` can enter the folder, once its group may. The group is given only where it had no rights there at
 * all (a folder made under umask 077), so that nobody loses or gains any but `account`.
 */
async function admit(account: Account, dir: string): Promise<boolean> {
  if (await canEnter(account, dir)) return true
  const { uid, mode } = await stat(dir)
  if (uid !== 0 || (mode & 0o070) !== 0 || !(await canEnter(account, path.dirname(dir)))) return false
  await chown(dir, uid, account.ids.gid)
  await chmod(dir, (mode & 0o7777) | 0o010)
  return canEnter(account, dir)
}

async function canEnter(account: Account, dir: string): Promise<boolean> {
  return run('sh', ['-c', 'test -x "$0"', dir], { cwd: '/', ...account.ids }).then(
    () => true,
    () => false
  )
}

async function lookUp(name: string): Promise<Account['ids'] | null> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  } catch {
    return null
  }
}
