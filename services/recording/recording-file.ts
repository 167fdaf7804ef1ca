import { type FileHandle, open, rm } from 'node:fs/promises'
import { WAV_HEADER_BYTES, wavHeader } from '../../audio/wav.ts'

const CHANNELS = 2
const FRAME_BYTES = CHANNELS * 2
/** A disk that is this far behind is not waited for. */
const BACKLOG_LIMIT_BYTES = 8_000_000
/** How much a crash may leave out of the header's account; the samples are in the file, and the next start counts them. */
const HEADER_EVERY_BYTES = 1 << 18
/** What the header can tell of: 37 hours at 8 kHz. */
const DATA_LIMIT_BYTES = 0xffff_ffff - WAV_HEADER_BYTES

/**
 * A stereo WAV that is written while it grows, and is playable all the while: its header is brought up to date now and
 * then, and at the end. Nothing here throws or is waited for; a fault is told once, to `onBroken`, and ends the file
 * with what is in it.
 */
export class RecordingFile {
  readonly path: string
  readonly #sampleRate: number
  readonly #onBroken: (error: unknown) => void
  readonly #opened: Promise<FileHandle>
  #tail: Promise<void> = Promise.resolve()
  #queuedBytes = 0
  #dataBytes = 0
  #toldBytes = 0
  #broken = false
  #closed: Promise<boolean> | null = null

  /** Makes the file, anew where there is one. `sampleRate` in Hz. */
  constructor(options: { path: string; sampleRate: number; onBroken: (error: unknown) => void }) {
    this.path = options.path
    this.#sampleRate = options.sampleRate
    this.#onBroken = options.onBroken
    this.#opened = open(this.path, 'w', 0o600)
    this.#then(async (file) => this.#writeHeader(file))
  }

  /** Appends interleaved 16-bit samples; `block` is kept until it is written. */
  append(block: Uint8Array): void {
    if (this.#broken || this.#closed || block.byteLength === 0) return
    if (this.#queuedBytes > BACKLOG_LIMIT_BYTES) return this.#break(new Error('The disk is too slow'))
    if (this.#dataBytes + this.#queuedBytes + block.byteLength > DATA_LIMIT_BYTES) {
      return this.#break(new Error('A WAV file holds no more'))
    }
    this.#queuedBytes += block.byteLength
    this.#then(async (file) => {
      await writeAll(file, block, WAV_HEADER_BYTES + this.#dataBytes)
      this.#queuedBytes -= block.byteLength
      this.#dataBytes += block.byteLength
      if (this.#dataBytes - this.#toldBytes >= HEADER_EVERY_BYTES) await this.#writeHeader(file)
    })
  }

  /** Resolves when the header is right, with whether there is any audio; else the file is gone. Idempotent, never rejects. */
  close(): Promise<boolean> {
    this.#closed ??= this.#finish()
    return this.#closed
  }

  async #finish(): Promise<boolean> {
    await this.#tail
    const file = await this.#opened.catch(() => null)
    if (!file) return false
    // Of a broken one too: a full disk has room for what is there already.
    await this.#writeHeader(file).catch((error) => this.#break(error))
    await file.close().catch(() => undefined)
    if (this.#dataBytes === 0) await rm(this.path, { force: true }).catch(() => undefined)
    return this.#dataBytes > 0
  }

  #then(write: (file: FileHandle) => Promise<void>): void {
    this.#tail = this.#tail.then(async () => {
      if (this.#broken) return
      try {
        await write(await this.#opened)
      } catch (error) {
        this.#break(error)
      }
    })
  }

  async #writeHeader(file: FileHandle): Promise<void> {
    const layout = { sampleRate: this.#sampleRate, channels: CHANNELS, dataBytes: this.#dataBytes }
    await writeAll(file, wavHeader(layout), 0)
    this.#toldBytes = this.#dataBytes
  }

  #break(error: unknown): void {
    if (this.#broken) return
    this.#broken = true
    this.#onBroken(error)
  }
}

/**
 * Makes the header of a WAV agree with the file's length, as a crash may have left it behind. Resolves false where the
 * file is no WAV of ours. Rejects with the disk's error.
 */
export async function repairRecording(path: string): Promise<boolean> {
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    const header = new Uint8Array(WAV_HEADER_BYTES)
    const { bytesRead } = await file.read(header, 0, WAV_HEADER_BYTES, 0)
    if (bytesRead < WAV_HEADER_BYTES) return false
    const view = new DataView(header.buffer)
    const sampleRate = view.getUint32(24, true)
    const dataBytes = Math.floor((size - WAV_HEADER_BYTES) / FRAME_BYTES) * FRAME_BYTES
    const right = wavHeader({ sampleRate, channels: CHANNELS, dataBytes })
    if (!Buffer.from(header.subarray(8, 40)).equals(right.subarray(8, 40))) return false
    if (view.getUint32(40, true) !== dataBytes) await writeAll(file, right, 0)
    return true
  } finally {
    await file.close()
  }
}

/** A full disk takes a part and says so by the count alone. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.byteLength - written, position + written)
    written += bytesWritten
  }
}
