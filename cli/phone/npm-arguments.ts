import { UsageError } from './phone-error.ts'

/**
 * The command line as it was meant: without a `--` before them npm takes options for its own, passes on no more than
 * their values, and tells of them by `npm_config_…` variables. `names`: of the options that take a value.
 *
 * @throws UsageError where it cannot be told which value is whose.
 */
export function npmArguments(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[]
): string[] {
  const kept = names.flatMap((name) => {
    const value = env[`npm_config_${name.replaceAll('-', '_')}`]
    return value ? [{ name, value }] : []
  })
  if (kept.length === 0 || args.some((arg) => arg.startsWith('-'))) return [...args]
  const open = kept.filter(({ value }) => value === 'true')
  if (open.length !== args.length || open.length > 1) {
    const options = kept.map(({ name }) => `--${name}`).join(', ')
    throw new UsageError(
      `npm has kept ${options} for itself: put -- before the options, as in npm run call -- --say hello.`
    )
  }
  return kept.map(({ name, value }) => `--${name}=${value === 'true' ? args[0] : value}`)
}
