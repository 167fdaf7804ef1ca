import { once } from 'node:events'
import { WebSocket } from 'ws'
import { createWireCodec } from '../standins/telnyx/wire-codec.ts'
import { until } from './until.ts'

/** Decodes PCMU by another implementation than the server's. */
const PCMU = createWireCodec({ encoding: 'PCMU', sampleRateHz: 8000, byteOrder: 'le' })

export interface ListenerMessage {
  readonly event: string
  readonly version?: string
  readonly stream_id: string
  readonly call_id?: string
  readonly media: { track: 'inbound' | 'outbound'; chunk: number; timestamp: number; payload: string }
}

/** A front end that listens to live calls. */
export class Listener {
  readonly messages: ListenerMessage[] = []
  readonly socket: WebSocket

  constructor(url: string) {
    this.socket = new WebSocket(url)
    this.socket.on('message', (data) => this.messages.push(JSON.parse(String(data))))
  }

  /** Resolves when the server has greeted. */
  async opened(): Promise<this> {
    await once(this.socket, 'open')
    await until(() => this.messages.length > 0, 'the greeting of the listener')
    return this
  }

  of(event: string): ListenerMessage[] {
    return this.messages.filter((message) => message.event === event)
  }

  /** The samples of one track at 8 kHz, each where its timestamp puts it; silence where nothing came. */
  track(track: 'inbound' | 'outbound', streamId?: string): Int16Array {
    const frames = this.of('media').filter(
      ({ media, stream_id }) => media.track === track && (streamId ?? stream_id) === stream_id
    )
    const pieces = frames.map(({ media }) => ({
      at: media.timestamp * 8,
      samples: PCMU.decode(Buffer.from(media.payload, 'base64'))
    }))
    const samples = new Int16Array(Math.max(0, ...pieces.map(({ at, samples }) => at + samples.length)))
    for (const piece of pieces) samples.set(piece.samples, piece.at)
    return samples
  }

  close(): void {
    this.socket.terminate()
  }
}

/** What remains of these samples after a way through PCMU. */
export function throughPcmu(samples: Int16Array): Int16Array {
  return PCMU.decode(PCMU.encode(samples))
}
