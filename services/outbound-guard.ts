import { parsePhoneNumberWithError } from 'libphonenumber-js/max'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { CallError } from '../sessions/errors.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** Numbers whose owner earns by being called: what toll fraud is made of. */
const PREMIUM = new Set<string | undefined>(['PREMIUM_RATE', 'SHARED_COST'])

export interface OutboundGuardOptions {
  /** ISO 3166 codes; null: the country of the number that calls. */
  readonly countries: readonly string[] | null
  readonly maxCallsPerDay: number
  /** How many calls were placed since then, by this server or another of the same database. */
  readonly countOutbound: (since: Date) => Promise<number>
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Why nobody is called: the `detail` of the CallError (NUMBER_REFUSED), whose message says what to do. */
export type OutboundRefusal =
  | 'invalid_number'
  | 'country_not_allowed'
  | 'premium_number'
  | 'daily_limit'
  | 'store_unavailable'

export interface OutboundGuard {
  /** @throws CallError where nobody may be called there from this number (E.164; null: a number nobody knows). */
  checkNumber(from: string | null, to: string): void
  /** The same, and counts a call that is about to be placed. Rejects likewise, also where there were too many. */
  admitCall(from: string, to: string): Promise<void>
}

/** Keeps a stolen token, or a caller's clever words, from calling expensive numbers all night. */
export function createOutboundGuard(options: OutboundGuardOptions): OutboundGuard {
  const { countries, maxCallsPerDay, countOutbound, now } = options
  // The database counts what it has been told: calls of this second are counted here.
  const placed = new RateLimiterMemory({ points: maxCallsPerDay, duration: DAY_MS / 1000 })

  function checkNumber(from: string | null, to: string): void {
    const { country, type } = parse(to, 'to')
    if (PREMIUM.has(type)) throw refused('premium_number', 'The number called is a premium-rate number.')
    const allowed = countries ?? (from === null ? [] : [parse(from, 'from').country])
    if (country !== undefined && allowed.includes(country)) return
    throw refused(
      'country_not_allowed',
      `Calls to ${country ?? 'this number'} are not allowed: add the country to OUTBOUND_COUNTRIES (now: ${
        countries?.join(', ') ?? 'that of the number that calls'
      }).`
    )
  }

  async function admitCall(from: string, to: string): Promise<void> {
    checkNumber(from, to)
    const stored = await countOutbound(new Date(now() - DAY_MS)).catch((cause: unknown) => {
      throw refused(
        'store_unavailable',
        'The calls of the day cannot be counted: the database is out of reach.',
        cause
      )
    })
    const here = await placed.consume('calls').then(
      () => true,
      () => false
    )
    if (here && stored < maxCallsPerDay) return
    throw refused(
      'daily_limit',
      `${maxCallsPerDay} calls were placed within 24 hours: wait, or raise OUTBOUND_MAX_CALLS_PER_DAY.`
    )
  }

  return { checkNumber, admitCall }
}

/** The country is the largest of its calling code where the number is too new, or too fictitious, to be known. */
function parse(number: string, field: 'from' | 'to') {
  try {
    const parsed = parsePhoneNumberWithError(number)
    if (parsed.number === number && parsed.isPossible()) {
      return { country: parsed.country ?? parsed.getPossibleCountries()[0], type: parsed.getType() }
    }
  } catch {
    // Refused below.
  }
  throw refused(
    'invalid_number',
    `body/${field} is no telephone number: expected E.164, for example +13125550100.`
  )
}

function refused(detail: OutboundRefusal, message: string, cause?: unknown): CallError {
  return new CallError('NUMBER_REFUSED', message, { detail, cause })
}
