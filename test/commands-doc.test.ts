import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'

const ROOT = path.join(import.meta.dirname, '..')
const TEXTS = ['*.md', 'docs/*.md', 'bench/**/*.ts', 'cli/**/*.ts', 'test/**/*.ts']

describe('the commands that are told', () => {
  it('run TypeScript with the Node that is installed with the rest: that of the reader may be any', () => {
    const bare = globSync(TEXTS, { cwd: ROOT }).flatMap((file) => {
      const text = readFileSync(path.join(ROOT, file), 'utf8')
      return [...text.matchAll(/`node [^`\n]*\.ts\b[^`\n]*`/g)].map(([command]) => `${file}: ${command}`)
    })
    assert.deepEqual(bare, [])
  })
})
