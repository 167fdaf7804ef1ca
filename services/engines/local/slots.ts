import type { DialogueData, RecordData, SlotData } from './dialogue-schema.ts'
import { normaliseWords, patternToRegExp } from './pattern.ts'
import { DIGIT_WORDS, numberOf, numberPattern, wordsOf } from './spoken-numbers.ts'
import { parseTime, TIME_PATTERN, timeFromHour } from './spoken-time.ts'

export interface SlotValue {
  /** What records are looked up by: `4`, `1234`, `friday`, `19:30`, the record's name. */
  readonly key: string
  /** As it stands in a sentence: `four`, `1 2 3 4`, `on Friday`, `seven thirty in the evening`. */
  readonly spoken: string
}

/** One kind of value that a caller can give, by voice or by keys. */
export interface Slot {
  /** Every way to say a value, in the notation of phrase patterns. */
  readonly pattern: string
  readonly takesKeys: boolean
  /** null: not a value that it may have. */
  parse(words: string): SlotValue | null
  parseKeys(digits: string): SlotValue | null
  /** Whether no further digit can belong to the value. */
  keysComplete(digits: string): boolean
}

export interface SlotContext {
  readonly records: DialogueData['records']
  /** Weekday of the caller's today, 0 = Sunday. */
  readonly weekday: () => number
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const

export function createSlot(data: SlotData, context: SlotContext): Slot {
  switch (data.type) {
    case 'number':
      return numberSlot(data.min, data.max)
    case 'digits':
      return digitsSlot(data.minLength, data.maxLength)
    case 'day':
      return daySlot(context.weekday)
    case 'time':
      return timeSlot(data.from, data.to)
    case 'choice':
      return choiceSlot(context.records[data.records] ?? {})
  }
}

function numberSlot(min: number, max: number): Slot {
  const toValue = (n: number | null) =>
    n === null || n < min || n > max ? null : { key: String(n), spoken: wordsOf(n) }
  return {
    pattern: numberPattern(max),
    takesKeys: true,
    parse: (words) => toValue(numberOf(words)),
    parseKeys: (digits) => toValue(Number(digits)),
    keysComplete: (digits) => Number(digits) * 10 > max || digits.length >= String(max).length
  }
}

function digitsSlot(minLength: number, maxLength: number): Slot {
  const digit = `(${Object.keys(DIGIT_WORDS).join(' | ')})`
  const optional = Array.from({ length: maxLength - minLength }).reduce<string>(
    (rest) => `[${digit} ${rest}]`,
    ''
  )
  const toValue = (digits: string) =>
    digits.length < minLength || digits.length > maxLength
      ? null
      : { key: digits, spoken: [...digits].join(' ') }
  return {
    pattern: `${Array.from({ length: minLength }, () => digit).join(' ')} ${optional}`,
    takesKeys: true,
    parse: (words) =>
      toValue(
        words
          .split(' ')
          .map((word) => DIGIT_WORDS[word] ?? '')
          .join('')
      ),
    parseKeys: toValue,
    keysComplete: (digits) => digits.length >= maxLength
  }
}

function daySlot(weekday: () => number): Slot {
  const named = (day: number) => ({
    key: WEEKDAYS[day]!,
    spoken: `on ${WEEKDAYS[day]![0]!.toUpperCase()}${WEEKDAYS[day]!.slice(1)}`
  })
  return {
    pattern: `[this | next | on] (${WEEKDAYS.join(' | ')}) | today | tonight | tomorrow [(night | evening)]`,
    takesKeys: true,
    parse(words) {
      const today = weekday()
      if (words.includes('tomorrow')) return { key: WEEKDAYS[(today + 1) % 7]!, spoken: 'tomorrow' }
      if (/\b(today|tonight)\b/.test(words))
        return { key: WEEKDAYS[today]!, spoken: words.includes('tonight') ? 'tonight' : 'today' }
      const day = WEEKDAYS.findIndex((name) => words.includes(name))
      return day < 0 ? null : named(day)
    },
    /** 1 is Monday, 7 is Sunday, as in ISO 8601. */
    parseKeys: (digits) => (/^[1-7]$/.test(digits) ? named(Number(digits) % 7) : null),
    keysComplete: () => true
  }
}

function timeSlot(from: string, to: string): Slot {
  return {
    pattern: TIME_PATTERN,
    takesKeys: true,
    parse: (words) => parseTime(words, from, to),
    parseKeys: (digits) => timeFromHour(Number(digits), from, to),
    keysComplete: (digits) => digits.length >= 2 || Number(digits) > 2
  }
}

function choiceSlot(records: Readonly<Record<string, RecordData>>): Slot {
  const scope = {
    slot: () => '',
    fragment: () => ''
  }
  const choices = Object.entries(records).map(([key, record]) => {
    const said = saidOf(record)
    return {
      key,
      spoken: typeof record.name === 'string' ? record.name : key,
      said,
      expression: new RegExp(`^(?:${said.map((pattern) => patternToRegExp(pattern, scope)).join('|')})$`)
    }
  })
  return {
    pattern: choices.flatMap(({ said }) => said).join(' | '),
    takesKeys: false,
    parse(words) {
      const found = choices.find(({ expression }) => expression.test(normaliseWords(words)))
      return found ? { key: found.key, spoken: found.spoken } : null
    },
    parseKeys: () => null,
    keysComplete: () => false
  }
}

/** The ways to say a record that can be chosen: its field `said`. */
export function saidOf(record: RecordData): readonly string[] {
  const said = record.said ?? []
  return typeof said === 'string' ? [said] : said
}
