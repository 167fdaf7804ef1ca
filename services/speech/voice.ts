import { runFlite } from './flite-wasi.ts'

export interface VoiceRequest {
  readonly text: string
  readonly voice: 'rms' | 'slt'
  /** 1 = normal, 1.3 = slower. */
  readonly stretch: number
}

const SAMPLE_RATE = 16_000
/** flite writes the plain RIFF header of 44 bytes: "RIFF", "WAVE", "fmt " of 16 bytes, "data". */
const WAV_HEADER_BYTES = 44
const WINDOW_SAMPLES = SAMPLE_RATE / 100
/** -54 dBFS: below the weakest fricatives of both voices, above what flite leaves between words. */
const SILENCE_RMS = 65
const LEAD_MS = 40
/** What follows a clause: a breath after a sentence, less after a comma, and nothing where the words just go on. */
const SENTENCE_PAUSE_MS = 200
const CLAUSE_PAUSE_MS = 120
const JOIN_MS = 40

/**
 * One clause as PCM16 mono at 16 kHz: the speech, 40 ms before it, and after it a pause that fits its last punctuation
 * mark. Empty where the text has nothing to say.
 */
export function speak(
  flite: WebAssembly.Module,
  { text, voice, stretch }: VoiceRequest
): Int16Array<ArrayBuffer> {
  const speakable = speakableText(text)
  if (!/[a-z0-9]/i.test(speakable)) return new Int16Array(0)
  // flite takes a text without a blank for the name of a file.
  const wav = runFlite(flite, [
    '-voice',
    voice,
    '--setf',
    `duration_stretch=${stretch}`,
    '-t',
    `${speakable} `
  ])
  return trim(samplesOf(wav), pauseAfter(speakable))
}

/** The text in the letters and marks that flite reads: no accents, no typographer's quotes, no option dashes. */
export function speakableText(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[‘’]/g, "'")
    .replace(/[–—]/g, ', ')
    .replace(/\p{Mark}/gu, '')
    .replace(/[^\w .,;:!?'"()$%&@#*+/-]/g, ' ')
    .replace(/_/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/ (?=[,.;:!?])/g, '')
    .replace(/^[\s-]+/, '')
    .trim()
}

function pauseAfter(text: string): number {
  const mark = text.match(/([.,;:!?])["')]*$/)?.[1]
  if (!mark) return JOIN_MS
  return '.!?'.includes(mark) ? SENTENCE_PAUSE_MS : CLAUSE_PAUSE_MS
}

function samplesOf(wav: Uint8Array): Int16Array {
  const header = Buffer.from(wav.buffer, wav.byteOffset, WAV_HEADER_BYTES)
  const format = `${header.toString('latin1', 0, 4)} ${header.toString('latin1', 36, 40)}`
  const channels = header.readUInt16LE(22)
  if (format !== 'RIFF data' || channels !== 1 || header.readUInt32LE(24) !== SAMPLE_RATE)
    throw new Error('flite wrote audio in a form that was not expected')
  return new Int16Array(wav.buffer, wav.byteOffset + WAV_HEADER_BYTES, (wav.length - WAV_HEADER_BYTES) >> 1)
}

function trim(pcm: Int16Array, pauseMs: number): Int16Array<ArrayBuffer> {
  const windows = Math.ceil(pcm.length / WINDOW_SAMPLES)
  const loud = (index: number) => rms(pcm, index * WINDOW_SAMPLES) > SILENCE_RMS
  let first = 0
  while (first < windows && !loud(first)) first++
  let end = windows
  while (end > first && !loud(end - 1)) end--
  if (first === end) return new Int16Array(0)
  const lead = (LEAD_MS / 1000) * SAMPLE_RATE
  const from = first * WINDOW_SAMPLES - lead
  const trimmed = new Int16Array(end * WINDOW_SAMPLES - from + (pauseMs / 1000) * SAMPLE_RATE)
  const kept = pcm.subarray(Math.max(0, from), from + trimmed.length)
  trimmed.set(kept, Math.max(0, -from))
  return trimmed
}

function rms(pcm: Int16Array, from: number): number {
  const window = pcm.subarray(from, from + WINDOW_SAMPLES)
  return Math.sqrt(window.reduce((sum, sample) => sum + sample * sample, 0) / window.length)
}
