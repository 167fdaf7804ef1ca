import type { DialogueScript } from './dialogue-file.ts'
import type { IntentData, ToolData } from './dialogue-schema.ts'
import type { PhraseMatch } from './phrase-book.ts'
import type { SlotValue } from './slots.ts'
import { fillTemplate, type TemplateValues } from './template.ts'

/** What the agent does next. */
export interface DialogueTurn {
  /** May be empty where a tool is called without a word. */
  readonly say: string
  /** Called after `say`. `arguments` is JSON text. */
  readonly tool: { readonly name: string; readonly arguments: string } | null
  /** What of `say` is worth repeating, where that is not all of it. */
  readonly repeats?: string
}

export interface DialogueOptions {
  readonly script: DialogueScript
  /** Names of the tools that the agent may call. */
  readonly tools: ReadonlySet<string>
}

/** What the caller wants, while something of it is still to be asked. */
interface Task {
  readonly name: string
  readonly values: Map<string, SlotValue>
  /** A slot's name, the last question, or what to change after a "no" to it. */
  question: { slot: string } | 'confirm' | 'change' | null
  confirmed: boolean
}

/** How sure the recogniser must be where the dialogue doesn't say. */
const MIN_CONFIDENCE = 0.3
/** Misunderstandings running after which the keys are offered. */
const MAX_MISUNDERSTANDINGS = 3
/** Slower by a quarter at a time; beyond 1.6 the voice drawls. */
const STRETCH_STEP = 1.25
const MAX_STRETCH = 1.6
/** While digits are read out, callers pause between groups. */
export const ENDPOINT_SILENCE_MS = 600
const DIGITS_ENDPOINT_SILENCE_MS = 1200

/** The conversation of one call, driven by the script's data. A pure state machine: no clock, no sound. */
export class Dialogue {
  readonly #script: DialogueScript
  readonly #tools: ReadonlySet<string>
  readonly #timesSaid = new Map<readonly string[], number>()
  /** Whether the caller heard enough of the last question to answer it; every question asked sets it. */
  questionHeard = true
  #task: Task | null = null
  #tool: { data: ToolData; values: TemplateValues } | null = null
  #misunderstandings = 0
  #lastSaid = ''
  #digits = ''
  #stretch = 1

  constructor(options: DialogueOptions) {
    this.#script = options.script
    this.#tools = options.tools
  }

  /** Whether the agent waits for the answer to a question. */
  get asking(): boolean {
    return this.#task?.question != null
  }

  /** Silence after which the caller's turn is over, in milliseconds. */
  get endpointSilenceMs(): number {
    return this.#askedSlot()?.type === 'digits' ? DIGITS_ENDPOINT_SILENCE_MS : ENDPOINT_SILENCE_MS
  }

  /** How much longer than normal the voice takes: 1 until the caller asks for slower. */
  get stretch(): number {
    return this.#stretch
  }

  /** Whether a recognition with this confidence, 0 to 1, is believed. */
  isSure(confidence: number): boolean {
    return confidence >= (this.#script.data.minConfidence ?? MIN_CONFIDENCE)
  }

  /** The caller said this; empty for speech that was nothing. `confidence` is 0 to 1. */
  hear(text: string, confidence: number): DialogueTurn {
    this.#digits = ''
    const turn = (this.isSure(confidence) ? this.#understand(text) : null) ?? this.#misunderstood()
    return this.#remember(turn)
  }

  /** The caller pressed a key: 0-9, *, #, A-D. null: more digits are expected, see `endDigits`. */
  digit(key: string): DialogueTurn | null {
    if (key === '*') return this.#remember(this.#cancel())
    const slot = this.#askedSlot() ? this.#script.slots.get(this.#askedName()) : undefined
    if (slot?.takesKeys) {
      if (key === '#') return this.endDigits()
      if (!/^[0-9]$/.test(key)) return null
      this.#digits += key
      return slot.keysComplete(this.#digits) ? this.endDigits() : null
    }
    return this.#remember(this.#menu(key))
  }

  /** The caller has pressed no further key for a while. null: there is nothing to act on. */
  endDigits(): DialogueTurn | null {
    const digits = this.#digits
    const task = this.#task
    this.#digits = ''
    if (!digits || !task || !this.#askedSlot()) return null
    this.#misunderstandings = 0
    const name = this.#askedName()
    return this.#remember(this.#give(task, [[name, this.#script.slots.get(name)?.parseKeys(digits) ?? null]]))
  }

  /** The agent says this besides, so that "repeat" finds it. */
  said(text: string): void {
    this.#lastSaid = text
  }

  /** The tool's answer, as text or a JSON object; `error` in it means that it failed. */
  toolResult(output: string): DialogueTurn | null {
    const called = this.#tool
    this.#tool = null
    if (!called) return null
    const fields = fieldsOf(output)
    const variants = fields.error === undefined ? called.data.done : called.data.failed
    return variants ? this.#remember(say(this.#pick(variants, { ...called.values, ...fields }))) : null
  }

  #understand(text: string): DialogueTurn | null {
    const task = this.#task
    const answer = task && this.#answerToQuestion(task, text)
    if (task && answer) return this.#understood(this.#give(task, this.#parse(answer)))
    const match = this.#script.phrases.findIntent(text)
    if (match?.whole) return this.#understood(this.#enter(match))
    const correction = task && this.#answerToAny(task, text)
    if (task && correction) return this.#understood(this.#give(task, this.#parse(correction)))
    return match ? this.#understood(this.#enter(match)) : null
  }

  #understood(turn: DialogueTurn): DialogueTurn {
    this.#misunderstandings = 0
    return turn
  }

  /** A question that was not heard is only answered by what can answer no other. */
  #answerToQuestion(task: Task, text: string): Readonly<Record<string, string>> | null {
    const name = this.#askedName()
    const answer = this.#script.phrases.findAnswer(name, text)
    if (!answer || this.questionHeard) return answer
    const others = this.#slotsOf(task).filter((slot) => slot !== name)
    return others.some((slot) => this.#script.phrases.findAnswer(slot, text)) ? null : answer
  }

  #answerToAny(task: Task, text: string): Readonly<Record<string, string>> | null {
    const answers = this.#slotsOf(task).map((slot) => this.#script.phrases.findAnswer(slot, text))
    const found = answers.filter((answer) => answer !== null)
    return this.questionHeard || found.length === 1 ? (found[0] ?? null) : null
  }

  #parse(words: Readonly<Record<string, string>>): [string, SlotValue | null][] {
    return Object.entries(words).map(([name, said]) => [
      name,
      this.#script.slots.get(name)?.parse(said) ?? null
    ])
  }

  /** Takes what the caller wants up where the phrase leaves it. */
  #enter(match: PhraseMatch): DialogueTurn {
    const intent = this.#intent(match.intent)
    if (intent.action) return this.#act(intent)
    const current = this.#task
    if (current?.name === match.intent) return this.#give(current, this.#parse(match.slots))
    this.#task = { name: match.intent, values: new Map(), question: null, confirmed: false }
    const turn = this.#give(this.#task, this.#parse(match.slots))
    return current?.question && !this.#task && !turn.tool ? this.#resume(current, turn) : turn
  }

  /** A question in passing has been answered: back to what was asked before it. */
  #resume(task: Task, aside: DialogueTurn): DialogueTurn {
    this.#task = task
    return say(`${aside.say} ${this.#advance(task).say}`)
  }

  #give(task: Task, given: readonly (readonly [string, SlotValue | null])[]): DialogueTurn {
    for (const [name, value] of given) {
      if (value) task.values.set(name, value)
      else task.values.delete(name)
    }
    const [wrong] = given.find(([, value]) => value === null) ?? []
    const invalid = wrong === undefined ? undefined : this.#script.data.slots[wrong]?.invalid
    if (!invalid) return this.#advance(task)
    const { say: question } = this.#advance(task, wrong)
    return say(`${this.#pick(invalid, this.#values(task))} ${question}`)
  }

  /** Asks for what is missing, or answers. */
  #advance(task: Task, missing = this.#slotsOf(task).find((slot) => !task.values.has(slot))): DialogueTurn {
    const intent = this.#intent(task.name)
    this.questionHeard = true
    if (missing !== undefined) {
      task.question = { slot: missing }
      return say(this.#pick(this.#script.data.slots[missing]?.ask ?? [], this.#values(task)))
    }
    if (intent.confirm && !task.confirmed) {
      task.question = 'confirm'
      return say(this.#pick(intent.confirm, this.#values(task)))
    }
    this.#task = null
    return this.#answer(task, intent)
  }

  #answer(task: Task, intent: IntentData): DialogueTurn {
    const values = this.#values(task)
    const record =
      intent.lookup && this.#record(intent.lookup.records, task.values.get(intent.lookup.by)?.key)
    if (intent.lookup && !record) return say(this.#pick(intent.unknown ?? intent.say ?? [], values))
    const all = { ...values, ...record }
    const { tool } = intent
    if (tool && this.#tools.has(tool.name)) return this.#call(tool, intent, all)
    if (tool?.otherwise === undefined) return say(this.#pick(intent.say ?? [], all))
    this.#task = { name: tool.otherwise, values: task.values, question: null, confirmed: false }
    return this.#advance(this.#task)
  }

  #call(tool: ToolData, intent: IntentData, values: TemplateValues): DialogueTurn {
    if (tool.done || tool.failed) this.#tool = { data: tool, values }
    const filled = Object.entries(tool.arguments ?? {}).map(([name, template]) => [
      name,
      template.replace(/\{([a-z_]+)\}/g, (_, value: string) => values[value] ?? '')
    ])
    return {
      say: this.#pick(tool.before ?? intent.say ?? [], values),
      tool: { name: tool.name, arguments: JSON.stringify(Object.fromEntries(filled)) }
    }
  }

  #act(intent: IntentData): DialogueTurn {
    const { prompts } = this.#script.data
    switch (intent.action) {
      case 'repeat':
        return say(this.#lastSaid || this.#pick(prompts.nothingToRepeat))
      case 'slower':
        return this.#pace(Math.min(MAX_STRETCH, this.#stretch * STRETCH_STEP), prompts.slower)
      case 'faster':
        return this.#pace(Math.max(1, this.#stretch / STRETCH_STEP), prompts.faster)
      case 'cancel':
        return this.#cancel()
      default:
        return this.#yesOrNo(intent.action === 'yes', intent)
    }
  }

  #pace(stretch: number, prompt: readonly string[]): DialogueTurn {
    this.#stretch = stretch
    const repeated = this.#lastSaid
    return { say: `${this.#pick(prompt)} ${repeated}`.trim(), tool: null, repeats: repeated }
  }

  #yesOrNo(yes: boolean, intent: IntentData): DialogueTurn {
    const task = this.#task
    if (!task?.question) return say(this.#pick(intent.say ?? [], this.#values(null)))
    if (task.question === 'change' && !yes) return this.#cancel()
    if (task.question !== 'confirm' || !this.questionHeard) return this.#advance(task)
    if (yes) {
      task.confirmed = true
      return this.#advance(task)
    }
    if (this.#slotsOf(task).length === 0) this.#task = null
    else task.question = 'change'
    return say(this.#pick(this.#intent(task.name).declined ?? this.#script.data.prompts.cancelled))
  }

  #cancel(): DialogueTurn {
    this.#task = null
    this.#digits = ''
    return say(this.#pick(this.#script.data.prompts.cancelled))
  }

  #menu(key: string): DialogueTurn {
    const { intents, prompts } = this.#script.data
    this.#misunderstandings = 0
    if (key === '#') return say(this.#pick(prompts.keys))
    if (this.#task?.question === 'confirm' && (key === '1' || key === '2')) {
      const action = key === '1' ? 'yes' : 'no'
      const intent = Object.values(intents).find((candidate) => candidate.action === action)
      return this.#yesOrNo(key === '1', intent ?? { phrases: [] })
    }
    const found = Object.entries(intents).find(([, intent]) => intent.key === key)
    if (!found) return say(`${this.#pick(prompts.unknownKey)} ${this.#pick(prompts.keys)}`)
    return this.#enter({ intent: found[0], slots: {}, whole: true })
  }

  #misunderstood(): DialogueTurn {
    const { prompts } = this.#script.data
    const task = this.#task
    if (task?.question && !this.questionHeard) return this.#advance(task)
    this.#misunderstandings += 1
    const often = this.#misunderstandings >= MAX_MISUNDERSTANDINGS
    if (!task?.question) return say(this.#pick(often ? prompts.keys : prompts.notUnderstood))
    const { question } = task
    const keys = this.#askedSlot()?.keys
    if (often && keys) return say(this.#pick(keys, this.#values(task)))
    const again = question === 'change' ? (this.#intent(task.name).declined ?? []) : null
    return say(`${this.#pick(prompts.sorry)} ${again ? this.#pick(again) : this.#advance(task).say}`)
  }

  #askedName(): string {
    const question = this.#task?.question
    return question && typeof question === 'object' ? question.slot : ''
  }

  #askedSlot() {
    return this.#script.data.slots[this.#askedName()]
  }

  #slotsOf(task: Task): readonly string[] {
    return this.#intent(task.name).slots ?? []
  }

  #intent(name: string): IntentData {
    return this.#script.data.intents[name] ?? { phrases: [] }
  }

  #record(records: string, key: string | undefined): TemplateValues | null {
    const record = key === undefined ? undefined : this.#script.data.records[records]?.[key]
    if (!record) return null
    const texts = Object.entries(record).filter(
      (field): field is [string, string] => typeof field[1] === 'string'
    )
    return Object.fromEntries(texts)
  }

  #values(task: Task | null): TemplateValues {
    const given = [...(task?.values ?? [])].map(([name, value]) => [name, value.spoken])
    return { ...this.#script.data.facts, ...Object.fromEntries(given) }
  }

  /** The next of the variants, in turn. */
  #pick(variants: readonly string[], values: TemplateValues = this.#values(null)): string {
    const times = this.#timesSaid.get(variants) ?? 0
    this.#timesSaid.set(variants, times + 1)
    return fillTemplate(variants[times % variants.length] ?? '', values)
  }

  #remember(turn: DialogueTurn): DialogueTurn {
    this.#lastSaid = turn.repeats ?? (turn.say || this.#lastSaid)
    return turn
  }
}

function say(text: string): DialogueTurn {
  return { say: text, tool: null }
}

function fieldsOf(output: string): TemplateValues {
  try {
    const parsed: unknown = JSON.parse(output)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, String(value)]))
  } catch {
    // A tool may answer in plain text.
  }
  return { result: output }
}
