import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { it } from 'node:test'
import { DEFAULT_AGENT } from '../services/default-agent.ts'

it('docs/agents.md describes every field of an agent, and no other', () => {
  const text = readFileSync(path.join(import.meta.dirname, '../docs/agents.md'), 'utf8')
  const described = [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, field]) => field)
  const { id: _, ...fields } = DEFAULT_AGENT
  assert.deepEqual(described.toSorted(), Object.keys(fields).toSorted())
})
