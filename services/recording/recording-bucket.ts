import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'

export interface BucketConfig {
  readonly bucket: string
  /** null: Amazon's own. */
  readonly endpoint: string | null
  readonly region: string
  /** null: as the environment of Amazon's own tools says. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null
  /** In front of each key: `recordings/`. */
  readonly prefix: string
}

/** A recording, or the part that was asked for. */
export interface StoredObject {
  readonly body: Readable
  readonly status: 200 | 206
  readonly headers: Readonly<Record<string, string>>
}

/** Recordings in S3, or in what speaks its protocol. The client is loaded with the first use. Methods reject with its errors. */
export class RecordingBucket {
  readonly #config: BucketConfig
  #client: Promise<S3Client> | null = null

  constructor(config: BucketConfig) {
    this.#config = config
  }

  /** Sends a file, in parts where it is large. Resolves with its address, `s3://bucket/key`. */
  async upload(callId: string, file: string): Promise<string> {
    const { Upload } = await import('@aws-sdk/lib-storage')
    const { bucket, prefix } = this.#config
    const key = `${prefix}${callId}.wav`
    const params = { Bucket: bucket, Key: key, Body: createReadStream(file), ContentType: 'audio/wav' }
    await new Upload({ client: await this.#open(), params }).done()
    return `s3://${bucket}/${key}`
  }

  /** `range`: as the player asked for it, `bytes=0-1023`. Resolves null where there is no such object. */
  async read(address: string, range: string | undefined): Promise<StoredObject | null> {
    const { GetObjectCommand } = await import('@aws-sdk/client-s3')
    try {
      const got = await (await this.#open()).send(
        new GetObjectCommand({ ...placeOf(address), ...(range && { Range: range }) })
      )
      const headers = {
        ...(got.ContentLength !== undefined && { 'content-length': String(got.ContentLength) }),
        ...(got.ContentRange && { 'content-range': got.ContentRange })
      }
      return { body: got.Body as Readable, status: got.ContentRange ? 206 : 200, headers }
    } catch (error) {
      if (error instanceof Error && error.name === 'NoSuchKey') return null
      throw error
    }
  }

  /** One that is not there is deleted already. */
  async remove(address: string): Promise<void> {
    const { DeleteObjectCommand } = await import('@aws-sdk/client-s3')
    await (await this.#open()).send(new DeleteObjectCommand(placeOf(address)))
  }

  async close(): Promise<void> {
    const client = await this.#client
    client?.destroy()
  }

  #open(): Promise<S3Client> {
    this.#client ??= this.#connect()
    return this.#client
  }

  async #connect(): Promise<S3Client> {
    const { S3Client } = await import('@aws-sdk/client-s3')
    const { credentials, endpoint, region } = this.#config
    return new S3Client({
      region,
      ...(credentials && { credentials }),
      // Servers other than Amazon's rarely have a host name for each bucket.
      ...(endpoint && { endpoint, forcePathStyle: true })
    })
  }
}

/** Whether a recording's path is an address in a bucket. */
export function isInBucket(recordingPath: string): boolean {
  return recordingPath.startsWith('s3://')
}

function placeOf(address: string): { Bucket: string; Key: string } {
  const url = new URL(address)
  return { Bucket: url.host, Key: decodeURIComponent(url.pathname.slice(1)) }
}
