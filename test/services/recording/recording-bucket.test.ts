import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { loadConfig } from '../../../services/config.ts'
import { RecordingBucket } from '../../../services/recording/recording-bucket.ts'
import { S3StandIn } from '../../standins/s3-standin.ts'

describe('the bucket of recordings', () => {
  const s3 = new S3StandIn()
  let folder = ''
  before(async () => {
    await s3.listen()
    folder = await mkdtemp(path.join(tmpdir(), 'offhook-bucket-'))
  })
  after(async () => {
    await s3.close()
    await rm(folder, { recursive: true, force: true })
  })

  function open(env: Record<string, string> = {}): RecordingBucket {
    const { bucket } = loadConfig({ ...s3.env, ...env }).records
    assert.ok(bucket)
    return new RecordingBucket(bucket)
  }

  async function file(bytes: number): Promise<{ name: string; content: Buffer }> {
    const name = path.join(folder, 'call.wav')
    const content = Buffer.alloc(bytes, 'abcdefghijklmnopqrstuvwxyz')
    await writeFile(name, content)
    return { name, content }
  }

  it('takes a recording, gives it back whole and in ranges, and deletes it', async () => {
    const bucket = open()
    const { name, content } = await file(10_000)
    const address = await bucket.upload('a-call', name)
    assert.equal(address, 's3://calls/recordings/a-call.wav')
    assert.deepEqual(s3.objects.get('recordings/a-call.wav'), content)
    const whole = await bucket.read(address, undefined)
    assert.deepEqual([whole?.status, whole?.headers['content-length']], [200, '10000'])
    assert.deepEqual(whole && (await buffer(whole.body)), content)
    const part = await bucket.read(address, 'bytes=26-51')
    assert.deepEqual([part?.status, part?.headers['content-range']], [206, 'bytes 26-51/10000'])
    assert.equal(part && (await buffer(part.body)).toString(), 'abcdefghijklmnopqrstuvwxyz')
    await bucket.remove(address)
    await bucket.remove(address)
    assert.equal(await bucket.read(address, undefined), null)
    await bucket.close()
  })

  it('takes a long one in parts', async () => {
    const bucket = open()
    const { name, content } = await file(12 * 1024 * 1024)
    const address = await bucket.upload('a-long-call', name)
    assert.ok(s3.objects.get('recordings/a-long-call.wav')?.equals(content))
    assert.ok(s3.requests.includes('POST recordings/a-long-call.wav'))
    await bucket.remove(address)
    await bucket.close()
  })

  it('says so where it is not let in', async () => {
    const bucket = open({ S3_SECRET_ACCESS_KEY: 'another' })
    const { name } = await file(100)
    await assert.rejects(bucket.upload('refused', name), { name: 'SignatureDoesNotMatch' })
    assert.equal(s3.objects.has('recordings/refused.wav'), false)
    await bucket.close()
  })
})
