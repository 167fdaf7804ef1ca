import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'

/**
 * What the tools of this machine's owner need to know of a server that made its own secrets: the operator's token for
 * the command-line phone, the embedded database's address for psql. One file in `folder` for each that is not null;
 * only this user can read them. Resolves with the function that removes them.
 */
export async function keepSecrets(
  folder: string,
  secrets: Readonly<Record<string, string | null>>
): Promise<() => Promise<void>> {
  const files = Object.entries(secrets).map(([name, secret]) => ({ file: path.join(folder, name), secret }))
  const remove = () => Promise.all(files.map(({ file }) => rm(file, { force: true }))).then(() => undefined)
  await mkdir(folder, { recursive: true })
  await remove()
  for (const { file, secret } of files) if (secret !== null) await writeFile(file, secret, { mode: 0o600 })
  return remove
}
