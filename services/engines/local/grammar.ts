import type { DialogueData } from './dialogue-schema.ts'
import { patternToJsgf } from './pattern.ts'
import type { Slot } from './slots.ts'

/**
 * The dialogue's phrases as one grammar for the recogniser (JSpeech Grammar Format): every intent's phrases and every
 * slot's answers, between what callers say before and after.
 */
export function dialogueGrammar(data: DialogueData, slots: ReadonlyMap<string, Slot>): string {
  const rules = [
    ...rulesOf(
      'slot',
      mapValues(Object.fromEntries(slots), ({ pattern }) => [pattern])
    ),
    ...rulesOf(
      'fragment',
      mapValues(data.fragments ?? {}, (pattern) => [pattern])
    ),
    ...rulesOf(
      'intent',
      mapValues(data.intents, ({ phrases }) => phrases)
    ),
    ...rulesOf(
      'answer',
      mapValues(data.slots, ({ answers }) => answers)
    )
  ]
  const heads = [...named('intent', data.intents), ...named('answer', data.slots)].join(' | ')
  const around = (patterns: readonly string[] | undefined) =>
    patterns ? `[ ${alternatives(patterns)} ]` : ''
  return [
    '#JSGF V1.0;',
    'grammar dialogue;',
    `public <utterance> = ${around(data.leads)} ( ${heads} ) ${around(data.tails)} ;`,
    ...rules,
    ''
  ].join('\n')
}

function rulesOf(kind: string, entries: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(entries).map(([name, patterns]) => `<${kind}_${name}> = ${alternatives(patterns)} ;`)
}

function alternatives(patterns: readonly string[]): string {
  return patterns.map((pattern) => `( ${patternToJsgf(pattern)} )`).join(' | ')
}

function named(kind: string, entries: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(entries).map((name) => `<${kind}_${name}>`)
}

function mapValues<In, Out>(
  entries: Readonly<Record<string, In>>,
  map: (value: In) => Out
): Record<string, Out> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, map(value)]))
}
