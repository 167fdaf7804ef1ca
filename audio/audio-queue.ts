/** Half a second of PCMU, or 85 ms of PCM at 24 kHz. */
const BLOCK_BYTES = 4096
/** 8 MB: more than what the replies that end at a time give back. */
const SPARE_BLOCKS = 2048

const spare: Uint8Array[] = []

/**
 * Audio that is kept for seconds: a stream of bytes that grows at its end and is forgotten from its beginning.
 *
 * It lies in blocks that are lent to one queue at a time and used again as soon as they are given back. Memory that a
 * garbage collector has to free waits for the next full collection once it has lived for a second, and a busy server
 * would hold more of such audio than of all that it can reach.
 */
export class AudioQueue {
  #blocks: Uint8Array[] = []
  /** Of the stream: where the first block begins, and what is kept. In bytes. */
  #blocksFrom = 0
  #start = 0
  #end = 0

  /** Of the first byte that is kept, in bytes of the stream. */
  get start(): number {
    return this.#start
  }

  /** One past the last byte. */
  get end(): number {
    return this.#end
  }

  /** `payload` may be reused after the call. */
  append(payload: Uint8Array): void {
    for (let from = 0; from < payload.length; ) {
      const at = this.#end - this.#blocksFrom
      const offset = at % BLOCK_BYTES
      if (at === this.#blocks.length * BLOCK_BYTES)
        this.#blocks.push(spare.pop() ?? new Uint8Array(BLOCK_BYTES))
      const length = Math.min(BLOCK_BYTES - offset, payload.length - from)
      const block = this.#blocks[(at - offset) / BLOCK_BYTES]
      block.set(length === payload.length ? payload : payload.subarray(from, from + length), offset)
      this.#end += length
      from += length
    }
  }

  /** A copy of what is kept from `from` to `to`. */
  read(from: number, to: number): Uint8Array {
    const start = Math.max(from, this.#start)
    const end = Math.max(start, Math.min(to, this.#end))
    const copy = new Uint8Array(end - start)
    for (let position = start; position < end; ) {
      const at = position - this.#blocksFrom
      const offset = at % BLOCK_BYTES
      const length = Math.min(BLOCK_BYTES - offset, end - position)
      const block = this.#blocks[(at - offset) / BLOCK_BYTES]
      copy.set(block.subarray(offset, offset + length), position - start)
      position += length
    }
    return copy
  }

  /** What lies before `position` will not be asked for. */
  forgetBefore(position: number): void {
    this.#start = Math.min(Math.max(position, this.#start), this.#end)
    if (this.#start === this.#end) return this.#giveBack(this.#blocks.length)
    this.#giveBack(Math.floor((this.#start - this.#blocksFrom) / BLOCK_BYTES))
  }

  /** The stream ends at `position`: what comes next follows there. */
  cut(position: number): void {
    this.#end = Math.max(Math.min(position, this.#end), this.#start)
    if (this.#start === this.#end) return this.#giveBack(this.#blocks.length)
    const kept = Math.ceil((this.#end - this.#blocksFrom) / BLOCK_BYTES)
    while (this.#blocks.length > kept) lay(this.#blocks.pop() as Uint8Array)
  }

  /** The first `count` blocks. */
  #giveBack(count: number): void {
    if (count === 0) return
    for (const block of this.#blocks.splice(0, count)) lay(block)
    this.#blocksFrom = this.#blocks.length === 0 ? this.#end : this.#blocksFrom + count * BLOCK_BYTES
  }
}

/** Aside, for the next queue that needs one. */
function lay(block: Uint8Array): void {
  if (spare.length < SPARE_BLOCKS) spare.push(block)
}
