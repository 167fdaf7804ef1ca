import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { DialogueScript } from '../../../../services/engines/local/dialogue-file.ts'
import { normaliseWords, patternToJsgf, patternToRegExp } from '../../../../services/engines/local/pattern.ts'
import { Recogniser } from '../../../../services/speech/recogniser.ts'
import { receptionist } from './receptionist.ts'

const scope = {
  slot: () => 'one | two',
  fragment: () => 'please [now]'
}

describe('a phrase pattern', () => {
  it('is a JSGF expansion, with slots and fragments as rules', () => {
    assert.equal(
      patternToJsgf("<want> book [a] (table | seat) [for {party_size}] o'clock"),
      "<fragment_want> book [ a ] ( table | seat ) [ for <slot_party_size> ] o'clock"
    )
  })

  const matches: [pattern: string, text: string, slots: Record<string, string | undefined> | null][] = [
    ['book a table', 'book a table', {}],
    ['book a table', 'book a tables', null],
    ['book a [nice] table', 'book a nice table', {}],
    ['book a [nice] table', 'book a table', {}],
    ['(a | b c) d', 'b c d', {}],
    ['(a | b c) d', 'b d', null],
    ['for {n} people', 'for two people', { n: 'two ' }],
    ['for [{n}] people', 'for people', { n: undefined }],
    ['go <x>', 'go please now', {}],
    ['at p.m.', 'at p.m.', {}],
    ['at p.m.', 'at pxm.', null]
  ]
  for (const [pattern, text, slots] of matches) {
    it(`"${pattern}" ${slots ? 'is' : 'is not'} "${text}"`, () => {
      const match = new RegExp(`^${patternToRegExp(pattern, scope)}$`).exec(normaliseWords(text))
      assert.deepEqual(match && { ...match.groups }, slots)
    })
  }

  it('is held against words without capitals and punctuation', () => {
    assert.equal(normaliseWords("On Friday, at 7 o'clock p.m., please."), "on friday at o'clock p.m. please ")
  })
})

describe('the grammar', () => {
  let script: DialogueScript
  before(async () => {
    script = await receptionist()
  })

  it('has a rule for everything that it refers to, and refers to no rule in circles', () => {
    const rules = new Map(
      [...script.grammar.matchAll(/^(?:public )?<(\w+)> = (.*) ;$/gm)].map((rule) => [rule[1]!, rule[2]!])
    )
    const visit = (name: string, path: readonly string[]): void => {
      assert.ok(rules.has(name), `there is no rule <${name}>`)
      assert.ok(!path.includes(name), `${[...path, name].join(' > ')} is a circle`)
      for (const [, next] of rules.get(name)!.matchAll(/<(\w+)>/g)) visit(next!, [...path, name])
    }
    visit('utterance', [])
    assert.equal(
      rules.size,
      1 +
        script.slots.size +
        Object.keys(script.data.fragments!).length +
        Object.keys(script.data.intents).length +
        Object.keys(script.data.slots).length
    )
  })

  it('is one that the recogniser takes, with no word that it lacks', async () => {
    const { data, grammar } = script
    await assert.doesNotReject(Recogniser.load({ grammar, pronunciations: data.pronunciations ?? {} }))
  })
})
