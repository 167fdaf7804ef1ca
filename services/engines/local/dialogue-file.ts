import { readFile } from 'node:fs/promises'
import { Compile } from 'typebox/compile'
import { parseDocument } from 'yaml'
import { type DialogueData, DialogueSchema, type IntentData } from './dialogue-schema.ts'
import { dialogueGrammar } from './grammar.ts'
import { PhraseBook } from './phrase-book.ts'
import { createSlot, type Slot, saidOf } from './slots.ts'
import { templateNames } from './template.ts'

/** A dialogue that has been read, checked and compiled; shared by all calls. */
export interface DialogueScript {
  readonly data: DialogueData
  readonly slots: ReadonlyMap<string, Slot>
  readonly phrases: PhraseBook
  /** JSGF for the recogniser. */
  readonly grammar: string
}

const validator = Compile(DialogueSchema)

/** Reads a dialogue in YAML (or JSON, which is YAML too). Rejects with one message that lists every fault with its path. */
export async function loadDialogue(path: string, options: { now: () => number }): Promise<DialogueScript> {
  const text = await readFile(path, 'utf8').catch(({ code }: NodeJS.ErrnoException) =>
    refuse(path, [`it cannot be read (${code})`])
  )
  return parseDialogue(text, { name: path, now: options.now })
}

export function parseDialogue(text: string, options: { name: string; now: () => number }): DialogueScript {
  const document = parseDocument(text)
  if (document.errors.length > 0)
    refuse(
      options.name,
      document.errors.map(({ message }) => message)
    )
  const data: unknown = document.toJS()
  if (!validator.Check(data)) refuse(options.name, schemaFaults(data))
  const slots = new Map(
    Object.entries(data.slots).map(([name, slot]) => [
      name,
      createSlot(slot, { records: data.records, weekday: () => weekdayIn(data.timeZone, options.now()) })
    ])
  )
  const faults = referenceFaults(data)
  if (faults.length > 0) refuse(options.name, faults)
  try {
    return { data, slots, phrases: new PhraseBook(data, slots), grammar: dialogueGrammar(data, slots) }
  } catch (error) {
    return refuse(options.name, [error instanceof Error ? error.message : String(error)])
  }
}

function refuse(name: string, faults: readonly string[]): never {
  throw new Error(`the dialogue ${name} can't be used:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
}

function schemaFaults(data: unknown): string[] {
  const faults = validator
    .Errors(data)
    .filter(({ keyword }) => keyword !== 'boolean' && keyword !== 'const')
    .map((error) => {
      const extra = 'additionalProperties' in error.params ? `: ${error.params.additionalProperties}` : ''
      return `${error.instancePath || '/'} ${error.message}${extra}`
    })
  return [...new Set(faults)]
}

/** What the schema can't see: names that point to nothing. */
function referenceFaults(data: DialogueData): string[] {
  const keys = new Map<string, string>()
  const faults = Object.entries(data.intents).flatMap(([name, intent]) => {
    const path = `/intents/${name}`
    const found = intentFaults(data, path, intent)
    if (intent.key !== undefined && keys.has(intent.key))
      found.push(`${path}/key must be a key of its own; ${keys.get(intent.key)} has it already`)
    if (intent.key !== undefined) keys.set(intent.key, name)
    return found
  })
  for (const [name, slot] of Object.entries(data.slots)) {
    if (slot.type !== 'choice') continue
    const records = data.records[slot.records]
    if (!records) faults.push(`/slots/${name}/records must name one of the records`)
    for (const [key, record] of Object.entries(records ?? {}))
      if (saidOf(record).length === 0)
        faults.push(`/records/${slot.records}/${key} must have "said": the ways to say it`)
  }
  return faults
}

function intentFaults(data: DialogueData, path: string, intent: IntentData): string[] {
  const faults: string[] = []
  for (const slot of intent.slots ?? [])
    if (!data.slots[slot]) faults.push(`${path}/slots must name slots; there is no "${slot}"`)
  if (intent.lookup && !data.records[intent.lookup.records])
    faults.push(`${path}/lookup/records must name one of the records`)
  if (intent.lookup && !intent.slots?.includes(intent.lookup.by))
    faults.push(`${path}/lookup/by must be one of the intent's slots`)
  const otherwise = intent.tool?.otherwise
  if (otherwise !== undefined && (!data.intents[otherwise] || data.intents[otherwise].tool))
    faults.push(`${path}/tool/otherwise must name an intent without a tool`)
  if (!intent.say && !intent.action && otherwise === undefined)
    faults.push(`${path} must have "say", "action" or a tool's "otherwise"`)
  return [...faults, ...templateFaults(data, path, intent)]
}

function templateFaults(data: DialogueData, path: string, intent: IntentData): string[] {
  const records = intent.lookup ? Object.values(data.records[intent.lookup.records] ?? {}) : []
  const known = new Set([
    ...Object.keys(data.facts),
    ...Object.keys(data.slots),
    ...records.flatMap((record) => Object.keys(record))
  ])
  const templates = [
    intent.say,
    intent.confirm,
    intent.declined,
    intent.unknown,
    intent.tool?.before
  ].flatMap((variants) => variants ?? [])
  return templates
    .flatMap(templateNames)
    .filter((name) => !known.has(name))
    .map((name) => `${path} says {${name}}; expected a fact, a slot or a field of the record it looks up`)
}

function weekdayIn(timeZone: string | undefined, now: number): number {
  const name = new Intl.DateTimeFormat('en-US', { weekday: 'short', timeZone }).format(now)
  return ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(name)
}
