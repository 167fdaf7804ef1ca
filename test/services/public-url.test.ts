import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePublicUrl, webSocketOrigin } from '../../services/public-url.ts'

describe('public URL', () => {
  for (const [value, origin] of [
    ['https://example.com', 'wss://example.com'],
    ['https://example.com/', 'wss://example.com'],
    ['https://example.com:8443', 'wss://example.com:8443'],
    ['wss://example.com', 'wss://example.com'],
    ['example.com', 'wss://example.com'],
    ['app.up.railway.app', 'wss://app.up.railway.app'],
    ['example.com:8443', 'wss://example.com:8443'],
    ['http://localhost:5001', 'ws://localhost:5001'],
    ['ws://127.0.0.1:5001', 'ws://127.0.0.1:5001'],
    ['http://[::1]:5001', 'ws://[::1]:5001'],
    ['localhost:5001', 'ws://localhost:5001'],
    ['https://localhost', 'wss://localhost']
  ]) {
    it(`takes ${value} for ${origin}`, () => {
      const url = parsePublicUrl(value)
      assert.ok(url)
      assert.equal(webSocketOrigin(url), origin)
    })
  }

  for (const value of [
    'http://example.com',
    'ws://example.com',
    'ftp://example.com',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'https://example.com/path',
    'https://example.com?query',
    'https://user@example.com',
    'https://user:password@example.com',
    'https://',
    'not a host',
    ''
  ]) {
    it(`refuses ${JSON.stringify(value)}`, () => {
      assert.equal(parsePublicUrl(value), null)
    })
  }
})
