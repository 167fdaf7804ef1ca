import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Reply {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
}

/** Amazon's least size of a part that is not the last. */
const LEAST_PART_BYTES = 5 * 1024 * 1024

/**
 * S3 for one bucket, in path style: objects whole and in parts, ranges, deletion. Refuses what S3 refuses: a signature
 * (AWS Signature Version 4) that is not right, a body other than the one signed, another bucket, parts too small.
 */
export class S3StandIn {
  readonly bucket = 'calls'
  readonly region = 'eu-central-1'
  readonly accessKeyId = 'AKIDOFTHETESTS'
  readonly secretAccessKey = 'secret-of-the-tests'
  readonly objects = new Map<string, Buffer>()
  /** `PUT key`, `POST key`, …, in order. */
  readonly requests: string[] = []
  /** Requests still to be refused with 503, as when S3 is out of order. */
  outage = 0
  readonly #uploads = new Map<string, Map<number, Buffer>>()
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => this.#answer(request, Buffer.concat(chunks), response))
    })
  }

  get env(): Record<string, string> {
    return {
      S3_BUCKET: this.bucket,
      S3_ENDPOINT: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
      S3_REGION: this.region,
      S3_ACCESS_KEY_ID: this.accessKeyId,
      S3_SECRET_ACCESS_KEY: this.secretAccessKey
    }
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  close(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #answer(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://s3')
    const [, bucket = '', ...rest] = decodeURIComponent(url.pathname).split('/')
    const key = rest.join('/')
    this.requests.push(`${request.method} ${key}`)
    const { status, headers = {}, body: reply = '' } = this.#reply(request, { url, bucket, key, body })
    const length = status === 204 ? {} : { 'content-length': Buffer.byteLength(reply) }
    response.writeHead(status, { ...headers, ...length }).end(reply)
  }

  #reply(
    request: IncomingMessage,
    { url, bucket, key, body }: { url: URL; bucket: string; key: string; body: Buffer }
  ): Reply {
    if (this.outage > 0) {
      this.outage -= 1
      return fault(503, 'SlowDown')
    }
    const unsigned = this.#signatureFault(request, url, body)
    if (unsigned) return unsigned
    if (bucket !== this.bucket) return fault(404, 'NoSuchBucket')
    const uploadId = url.searchParams.get('uploadId')
    switch (request.method) {
      case 'PUT':
        if (uploadId === null) return this.#put(key, body)
        this.#uploads.get(uploadId)?.set(Number(url.searchParams.get('partNumber')), body)
        return { status: 200, headers: { etag: etagOf(body) } }
      case 'POST':
        return uploadId === null ? this.#beginUpload(key) : this.#completeUpload(key, uploadId)
      case 'GET':
        return this.#get(key, request.headers.range)
      case 'DELETE':
        this.objects.delete(key)
        return { status: 204 }
      default:
        return fault(405, 'MethodNotAllowed')
    }
  }

  #put(key: string, body: Buffer): Reply {
    this.objects.set(key, body)
    return { status: 200, headers: { etag: etagOf(body) } }
  }

  #beginUpload(key: string): Reply {
    const id = `upload-${this.#uploads.size + 1}`
    this.#uploads.set(id, new Map())
    return xml(
      `<InitiateMultipartUploadResult><Bucket>${this.bucket}</Bucket><Key>${key}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`
    )
  }

  #completeUpload(key: string, id: string): Reply {
    const parts = [...(this.#uploads.get(id) ?? [])].sort(([a], [b]) => a - b).map(([, part]) => part)
    if (parts.length === 0) return fault(404, 'NoSuchUpload')
    if (parts.slice(0, -1).some((part) => part.byteLength < LEAST_PART_BYTES))
      return fault(400, 'EntityTooSmall')
    this.objects.set(key, Buffer.concat(parts))
    this.#uploads.delete(id)
    return xml(
      `<CompleteMultipartUploadResult><Bucket>${this.bucket}</Bucket><Key>${key}</Key></CompleteMultipartUploadResult>`
    )
  }

  #get(key: string, range: string | undefined): Reply {
    const object = this.objects.get(key)
    if (!object) return fault(404, 'NoSuchKey')
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
    if (from === undefined) return { status: 200, body: object, headers: { etag: etagOf(object) } }
    const last = to === '' ? object.byteLength - 1 : Math.min(Number(to), object.byteLength - 1)
    if (Number(from) > last) return fault(416, 'InvalidRange')
    const headers = { 'content-range': `bytes ${from}-${last}/${object.byteLength}` }
    return { status: 206, body: object.subarray(Number(from), last + 1), headers }
  }

  /** By "Authenticating Requests: Using the Authorization Header", with the payload's hash signed. */
  #signatureFault({ method, headers }: IncomingMessage, url: URL, body: Buffer): Reply | null {
    const given =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
        headers.authorization ?? ''
      )
    if (!given) return fault(403, 'AccessDenied')
    const [, keyId, day, region, signedHeaders, signature] = given
    if (keyId !== this.accessKeyId) return fault(403, 'InvalidAccessKeyId')
    const payloadHash = String(headers['x-amz-content-sha256'])
    if (payloadHash !== 'UNSIGNED-PAYLOAD' && payloadHash !== sha256(body))
      return fault(400, 'XAmzContentSHA256Mismatch')
    const query = [...url.searchParams]
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .sort()
      .join('&')
    const lines = signedHeaders.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`)
    const canonical = [method, url.pathname, query, lines.join(''), signedHeaders, payloadHash].join('\n')
    const scope = `${day}/${region}/s3/aws4_request`
    const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n')
    const signingKey = [day, this.region, 's3', 'aws4_request'].reduce<string | Buffer>(
      (key, part) => createHmac('sha256', key).update(part).digest(),
      `AWS4${this.secretAccessKey}`
    )
    const right = createHmac('sha256', signingKey).update(text).digest('hex')
    return signature === right ? null : fault(403, 'SignatureDoesNotMatch')
  }
}

function sha256(of: string | Buffer): string {
  return createHash('sha256').update(of).digest('hex')
}

function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`
}

function xml(body: string, status = 200): Reply {
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>${body}`
  }
}

function fault(status: number, code: string): Reply {
  return xml(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`, status)
}
