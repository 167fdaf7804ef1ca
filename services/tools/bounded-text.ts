/** A model reads no more than this of a tool's output; it costs tokens, and time to the first word. */
const LIMIT_CHARACTERS = 16_000
const CUT = '\n[The rest was left out.]'

/** What a model is given of a text. */
export function bounded(text: string): string {
  return text.length > LIMIT_CHARACTERS ? text.slice(0, LIMIT_CHARACTERS) + CUT : text
}

/** The text of a reply as far as a model is given it; the rest is not even received. */
export async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    if (text.length > LIMIT_CHARACTERS) break
  }
  return bounded(text + decoder.decode())
}
