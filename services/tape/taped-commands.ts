/** What others tell a session to do while it lives. Its end is on the tape as such. */
const COMMANDS: ReadonlySet<string> = new Set([
  'say',
  'whisper',
  'sayGoodbye',
  'endAfterGoodbye',
  'handOver',
  'learnTools',
  'replaceStream',
  'muting.set'
])

/** The same session, and `onCommand` hears of each command before it is carried out. */
export function tapedCommands<T extends object>(
  session: T,
  onCommand: (name: string, args: readonly unknown[]) => void,
  path = ''
): T {
  return new Proxy(session, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      const name = `${path}${String(property)}`
      if (typeof value === 'object' && value !== null && isFolder(name)) {
        return tapedCommands(value, onCommand, `${name}.`)
      }
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        if (COMMANDS.has(name)) onCommand(name, args)
        return Reflect.apply(value, target, args)
      }
    }
  })
}

function isFolder(name: string): boolean {
  return [...COMMANDS].some((command) => command.startsWith(`${name}.`))
}

/** Carries out a command that stands on a tape. */
export function carryOutCommand(session: object, name: string, args: readonly unknown[]): void {
  const path = name.split('.')
  const method = path.pop() as string
  const target = path.reduce<object>((parent, key) => Reflect.get(parent, key), session)
  if (COMMANDS.has(name)) Reflect.apply(Reflect.get(target, method), target, args)
}
