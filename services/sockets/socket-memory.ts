import type { Socket } from 'node:net'

/** As much as a read of libuv takes. */
const MEMORY = Buffer.allocUnsafeSlow(65_536)

export interface Reader {
  /** What was read lies at the beginning of `memory` until this returns. */
  read(memory: Buffer, length: number): void
}
/** What `net.Socket` keeps of its `onread` option. */
type Onread = { [key: symbol]: unknown }
type Handle = { useUserBuffer?: (memory: Buffer) => void }

/**
 * Lets an open socket read into one piece of memory that all share, in place of one of 64 KB for each read: those cost
 * as much as the frame in them, and as garbage outside of the heap they bring on full collections.
 *
 * It is what the `onread` option of `net.connect` does. Node has no such option for a socket that it accepted, so it is
 * set where that option ends up. Returns false, and changes nothing, in a Node that keeps it elsewhere: `data` events
 * come as ever.
 */
export function readIntoShared(socket: Socket, reader: Reader): boolean {
  const keys = Object.getOwnPropertySymbols(socket)
  const [memoryKey, callbackKey, nextKey] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map((name) =>
    keys.find(({ description }) => description === name)
  )
  const { _handle: handle } = socket as unknown as { _handle?: Handle | null }
  if (!memoryKey || !callbackKey || !nextKey || !handle?.useUserBuffer) return false
  const onread = socket as unknown as Onread
  onread[memoryKey] = MEMORY
  onread[nextKey] = null
  onread[callbackKey] = (length: number, memory: Buffer) => {
    reader.read(memory, length)
    return true
  }
  handle.useUserBuffer(MEMORY)
  return true
}
