import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { en } from '../../console/text/en.js'
import { fr } from '../../console/text/fr.js'

const root = path.resolve(import.meta.dirname, '../../console')
const english = en as Record<string, unknown>
const french = fr as Record<string, unknown>
const placeholders = (phrase: unknown) =>
  [...new Set(JSON.stringify(phrase).match(/\{\w+\}/g) ?? [])].toSorted()

describe('what the console says', () => {
  it('is said in both languages, with the same things filled in', () => {
    assert.deepEqual(Object.keys(french).toSorted(), Object.keys(english).toSorted())
    for (const key of Object.keys(english)) {
      assert.deepEqual(placeholders(french[key]), placeholders(english[key]), key)
      assert.equal(typeof french[key], typeof english[key], key)
    }
  })

  it('has a text for every key that the code names', () => {
    const missing = globSync('**/*.js', { cwd: root, exclude: (name) => name === 'text' }).flatMap((file) =>
      [...readFileSync(path.join(root, file), 'utf8').matchAll(/\bt\(\s*'([^']+)'/g)]
        .map((match) => match[1] as string)
        .filter((key) => !Object.hasOwn(english, key))
        .map((key) => `${file}: ${key}`)
    )
    assert.deepEqual(missing, [])
  })
})
