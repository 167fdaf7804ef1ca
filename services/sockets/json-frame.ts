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
