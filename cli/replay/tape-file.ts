import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { TapedEngineSetup, TapeHeader, TapeLine } from '../../sessions/contracts/call-tape.ts'

export interface Tape {
  readonly header: TapeHeader
  readonly engine: TapedEngineSetup
  readonly lines: readonly TapeLine[]
}

/** A tape that can't be replayed; the message says why, for people. */
export class TapeError extends Error {
  override readonly name = 'TapeError'
}

/** Reads a tape. @throws TapeError that names the line, or says why there is none to be read. */
export async function readTape(file: string): Promise<Tape> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new TapeError(unreadable(file, error.code))
  })
  const [header, ...lines] = linesOf(bytes)
    .filter((line) => line !== '')
    .map((line, index) => parseLine(line, index + 1))
  if ((header as TapeHeader | undefined)?.version !== 1) {
    throw new TapeError('Line 1 is no header of a tape: expected {"version":1,…}.')
  }
  const setUp = (lines as TapeLine[]).find((line) => line.kind === 'engine')
  if (setUp?.kind !== 'engine') throw new TapeError('The tape does not say how the engine was set up.')
  return { header: completed(header as TapeHeader), engine: setUp.setup, lines: lines as TapeLine[] }
}

const LINE_FEED = 0x0a

function unreadable(file: string, code: string | undefined): string {
  if (code === 'ENOENT') return `There is no tape at ${file}.`
  if (code === 'EISDIR') return `${file} is a folder: expected the path of a tape.`
  if (code === 'ERR_FS_FILE_TOO_LARGE') return `The tape ${file} is too large: expected less than 2 GiB.`
  return `The tape ${file} cannot be read (${code}).`
}

/** One string each: an hour of wide audio is longer than a string can be. */
function linesOf(bytes: Buffer): string[] {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(LINE_FEED, at)
    const next = end < 0 ? bytes.length : end
    lines.push(bytes.toString('utf8', at, next))
    at = next + 1
  }
  return lines
}

/** What agents did not have yet when a tape was recorded is as it was then. */
function completed({ profile, ...header }: TapeHeader): TapeHeader {
  const silence = { afterSeconds: 0, reminders: 0, phrases: null }
  const later = { fillerPhrases: [], silence, goodbyeMessage: null, patienceMs: 0 }
  return { ...header, profile: { ...later, ...profile } }
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line.replace(STEADY_AUDIO, restore))
  } catch {
    throw new TapeError(`Line ${number} is not JSON; was the call still running when the tape was taken?`)
  }
}

/** Base64 of more than a few samples, bare or in a frame that is a string itself. */
const LONG_AUDIO = /"(payload|audio|delta)":"([A-Za-z0-9+/]{40,}={0,2})"/
const STEADY_AUDIO = /\\"payload\\":\\"<(\d+) × (\d+)>\\"/g

/** The same frame with its audio told by length and digest, so that a tape of what we sent can be short. */
export function abbreviate(frame: string): string {
  return frame.replace(LONG_AUDIO, (_match, name: string, audio: string) => {
    const digest = createHash('sha256').update(audio).digest('base64url').slice(0, 16)
    return `"${name}":"<${audio.length}:${digest}>"`
  })
}

/** A line of a tape as it is kept for long: what was sent by its digest, silence by its length. */
export function shorten(text: string): string {
  const line = JSON.parse(text) as Partial<TapeLine>
  if (line.kind === 'out') return JSON.stringify({ ...line, data: abbreviate(line.data ?? '') })
  if (line.kind !== 'in' || line.wire !== 'carrier' || line.data === undefined) return text
  const data = line.data.replace(LONG_AUDIO, (match, name: string, audio: string) => {
    const bytes = Buffer.from(audio, 'base64')
    return bytes.every((byte) => byte === bytes[0])
      ? `"${name}":"<${bytes.byteLength} × ${bytes[0]}>"`
      : match
  })
  return JSON.stringify({ ...line, data })
}

function restore(_match: string, length: string, byte: string): string {
  return `\\"payload\\":\\"${Buffer.alloc(Number(length), Number(byte)).toString('base64')}\\"`
}
