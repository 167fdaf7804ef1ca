import { t } from '../../state/language.js'

/** What a call is called: the number at its other end. @param {import('../../state/live-calls.js').LiveCall} call */
export function callName({ direction, from, to, carrier }) {
  const other = direction === 'outbound' ? to : from
  return other ?? t(carrier === 'test' ? 'live.testCall' : 'live.noNumber')
}
