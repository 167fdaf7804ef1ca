import type { CallError } from '../sessions/errors.ts'
import { HttpError } from './http-error.ts'

/** By the `detail` of INVALID_STATE. */
const STATES: Readonly<Record<string, { status: number; code: string; message: string }>> = {
  not_live: { status: 404, code: 'unknown_call', message: 'There is no live call with this id.' },
  transfer_under_way: {
    status: 409,
    code: 'transfer_under_way',
    message: 'The caller is being transferred already: wait for what becomes of it.'
  },
  no_carrier: {
    status: 409,
    code: 'no_carrier',
    message: 'This is a test call: there is no carrier behind it that could do that.'
  },
  unsupported: { status: 409, code: 'unsupported', message: "This call's carrier cannot do that." }
}

/** By the `detail` of NUMBER_REFUSED; all others are forbidden. */
const NUMBERS: Readonly<Record<string, number>> = { invalid_number: 400, store_unavailable: 503 }

/** What a request is answered with that a call or its carrier could not follow. null: it is a fault of ours. */
export function callHttpError(error: CallError): HttpError | null {
  const { code, detail } = error
  if (code === 'NUMBER_REFUSED') {
    return new HttpError(NUMBERS[detail ?? ''] ?? 403, detail ?? 'number_refused', error.message)
  }
  if (code === 'CARRIER_UNREACHABLE') {
    return new HttpError(502, 'carrier_unreachable', 'The carrier could not be reached; try again later.')
  }
  if (code === 'CARRIER_REFUSED') {
    return new HttpError(502, 'carrier_refused', `The carrier refused the request (${detail}).`)
  }
  if (code !== 'INVALID_STATE' && code !== 'CALL_OVER') return null
  const state = STATES[code === 'CALL_OVER' ? 'not_live' : (detail ?? '')]
  if (state) return new HttpError(state.status, state.code, state.message)
  return new HttpError(503, detail ?? 'unavailable', 'No more calls are taken now; try again later.')
}
