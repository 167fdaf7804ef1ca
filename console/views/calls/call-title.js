import { t } from '../../state/language.js'

/** What a call is called: the number at its other end. @param {any} call a row of `calls` */
export function callTitle({ direction, from_number, to_number, carrier }) {
  const other = direction === 'outbound' ? to_number : from_number
  return other ?? t(carrier === 'test' ? 'live.testCall' : 'live.noNumber')
}

/** Whether a call is not over. @param {any} call */
export function isLive({ status }) {
  return status !== 'ended' && status !== 'failed'
}
