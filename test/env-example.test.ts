import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parseEnv } from 'node:util'
import { loadConfig } from '../services/config.ts'
import { environmentNames } from '../services/config-schema.ts'

const text = readFileSync(new URL('../.env.example', import.meta.url), 'utf8')
const lines = text.split('\n')

describe('.env.example', () => {
  it('lists every variable that Offhook reads, once, and no other', () => {
    const listed = lines.flatMap((line) => /^([A-Z0-9_]+)=/.exec(line)?.[1] ?? [])
    assert.deepEqual(listed.toSorted(), environmentNames.toSorted())
  })

  it('explains each variable in a comment above it', () => {
    const bare = lines.filter(
      (line, index) => /^[A-Z]/.test(line) && !/^# .+\.$/.test(lines[index - 1] ?? '')
    )
    assert.deepEqual(bare, [])
  })

  it('says the default of each variable, as its value or in its comment', () => {
    const silent = lines.filter(
      (line, index) => /^[A-Z0-9_]+=$/.test(line) && !/Default: /.test(lines[index - 1] ?? '')
    )
    assert.deepEqual(silent, [])
  })

  it('gives the values that hold without it', () => {
    const keys = {
      SERVER_URL: 'https://example.com',
      TELNYX_API_KEY: 'KEY',
      TELNYX_PUBLIC_KEY: `${'A'.repeat(43)}=`,
      OPENAI_API_KEY: 'sk-key',
      DEEPGRAM_API_KEY: 'dg-key'
    }
    assert.deepEqual(loadConfig({ ...parseEnv(text), ...keys }), loadConfig(keys))
  })
})
