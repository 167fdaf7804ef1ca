import type { SlotValue } from './slots.ts'
import { numberOf, wordsOf } from './spoken-numbers.ts'

const HOURS = `(${Array.from({ length: 12 }, (_, hour) => wordsOf(hour + 1)).join(' | ')})`
const MINUTES = '(ten | fifteen | twenty | thirty | forty | forty five | fifty)'
const HALF_OF_DAY = '(a.m. | p.m. | in the morning | in the afternoon | in the evening | tonight | at night)'

/** Times of day, in the notation of phrase patterns. */
export const TIME_PATTERN =
  `noon | midday | midnight | ((half past | quarter past | quarter to) ${HOURS} ` +
  `| ${HOURS} [(o'clock | ${MINUTES})]) [${HALF_OF_DAY}]`

/**
 * The time of day that the words name. Where they leave the half of the day open, the one that lies between `from` and
 * `to` ("HH:MM") is meant. null: no time, or one outside of them.
 */
export function parseTime(words: string, from: string, to: string): SlotValue | null {
  const minutes = minutesOfClock(words)
  if (minutes === null) return null
  const named = /\b(noon|midday|midnight)\b/.test(words)
  const morning = /a\.m\.|morning/.test(words)
  const later = /p\.m\.|afternoon|evening|night/.test(words) && !named
  const candidates = named
    ? [minutes]
    : [minutes % 720, (minutes % 720) + 720].filter((_, half) => (half === 0 ? !later : !morning))
  return firstWithin(candidates, from, to)
}

/** The hour 1 to 12, as keyed; null where neither half of the day has it between `from` and `to`. */
export function timeFromHour(hour: number, from: string, to: string): SlotValue | null {
  if (hour < 1 || hour > 23) return null
  const candidates = hour > 12 ? [hour * 60] : [(hour % 12) * 60, (hour % 12) * 60 + 720]
  return firstWithin(candidates, from, to)
}

function minutesOfClock(words: string): number | null {
  if (/\b(noon|midday)\b/.test(words)) return 720
  if (/\bmidnight\b/.test(words)) return 0
  const bare = words
    .replace(/o'clock|a\.m\.|p\.m\.|\b(at|tonight|night|in|the|morning|afternoon|evening)\b/g, '')
    .trim()
  const relative = /^(half past|quarter past|quarter to) (\w+)$/.exec(bare)
  if (relative) {
    const hour = numberOf(relative[2] ?? '')
    const shift = { 'half past': 30, 'quarter past': 15, 'quarter to': -15 }[relative[1] ?? ''] ?? 0
    return hour === null ? null : hour * 60 + shift
  }
  const [hourWord = '', ...minuteWords] = bare.split(/\s+/)
  const hour = numberOf(hourWord)
  const minute = minuteWords.length === 0 ? 0 : numberOf(minuteWords.join(' '))
  return hour === null || minute === null || hour < 1 || hour > 12 ? null : hour * 60 + minute
}

function firstWithin(candidates: readonly number[], from: string, to: string): SlotValue | null {
  const found = candidates.find((minutes) => minutes >= minutesOf(from) && minutes <= minutesOf(to))
  return found === undefined ? null : { key: clockOf(found), spoken: spokenTime(found) }
}

function minutesOf(clock: string): number {
  const [hour = 0, minute = 0] = clock.split(':').map(Number)
  return hour * 60 + minute
}

function clockOf(minutes: number): string {
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':')
}

function spokenTime(minutes: number): string {
  if (minutes === 720) return 'noon'
  if (minutes === 0) return 'midnight'
  const hour = Math.floor(minutes / 60)
  const clock = wordsOf(hour % 12 === 0 ? 12 : hour % 12)
  const past = minutes % 60 === 0 ? '' : ` ${wordsOf(minutes % 60)}`
  const half = hour < 12 ? 'in the morning' : hour < 18 ? 'in the afternoon' : 'in the evening'
  return `${clock}${past} ${half}`
}
