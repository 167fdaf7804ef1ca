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

export interface CommandListener {
  /** Hears of each command before it is carried out. */
  command(name: string, args: readonly unknown[]): void
  /** Hears that the session is told to end, before it is told. */
  end(): void
}

/** The same session, with somebody who hears what others tell it to do. */
export function tapedCommands<T extends object>(session: T, listener: CommandListener, path = ''): T {
  return new Proxy(session, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      const name = `${path}${String(property)}`
      if (typeof value === 'object' && value !== null && isFolder(name)) {
        return tapedCommands(value, listener, `${name}.`)
      }
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        if (COMMANDS.has(name)) listener.command(name, args)
        else if (name === 'end') listener.end()
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
