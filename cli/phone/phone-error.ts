/** A failure that the message explains to whoever runs the phone: no stack, exit code 1. */
export class PhoneError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'PhoneError'
  }
}

/** The command line was wrong: names the option and what was expected, exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}
