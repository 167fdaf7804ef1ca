import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { TapeHeader, TapeLine } from '../../sessions/contracts/call-tape.ts'

export interface Tape {
  readonly header: TapeHeader
  readonly lines: readonly TapeLine[]
}

/** A tape that can't be replayed; the message says why, for people. */
export class TapeError extends Error {
  override readonly name = 'TapeError'
}

/** Reads a tape. @throws TapeError that names the line. */
export async function readTape(file: string): Promise<Tape> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new TapeError(`There is no tape at ${file}.`)
  })
  const [header, ...lines] = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => parseLine(line, index + 1))
  if ((header as TapeHeader | undefined)?.version !== 1) {
    throw new TapeError('Line 1 is no header of a tape: expected {"version":1,…}.')
  }
  return { header: header as TapeHeader, lines: lines as TapeLine[] }
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new TapeError(`Line ${number} is not JSON; was the call still running when the tape was taken?`)
  }
}

/** Base64 of more than a few samples. */
const LONG_AUDIO = /"(payload|audio)":"([A-Za-z0-9+/]{40,}={0,2})"/

/** The same frame with its audio told by length and digest, so that a tape of what we sent can be short. */
export function abbreviate(frame: string): string {
  return frame.replace(LONG_AUDIO, (_match, name: string, audio: string) => {
    const digest = createHash('sha256').update(audio).digest('base64url').slice(0, 16)
    return `"${name}":"<${audio.length}:${digest}>"`
  })
}
