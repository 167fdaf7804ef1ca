/** What stands for bytes that are no UTF-8. */
const REPLACEMENT = '\ufffd'

/** The text in `data` from `start` to `end`; null where it may be no UTF-8, which is for the socket to refuse. */
export function validText(data: Buffer, start: number, end: number): string | null {
  const text = data.toString('utf8', start, end)
  return text.includes(REPLACEMENT) ? null : text
}

/**
 * A text message of a media socket as the JSON object that it should be; null where it is not. All fields of `Frame`
 * must be optional and `unknown`: nothing is checked here, since that would cost more than the frame itself.
 */
export function parseJsonFrame<Frame extends object>(text: string): Frame | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Frame) : null
  } catch {
    return null
  }
}
