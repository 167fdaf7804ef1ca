/** Ends of calls that nobody wished for: refused, not put through, or broken off. */
const FAILURES = new Set([
  'rejected_capacity',
  'draining',
  'carrier_failed',
  'connect_timeout',
  'media_lost',
  'engine_failed',
  'server_lost',
  'internal'
])

/** @param {string} reason */
export function isFailure(reason) {
  return FAILURES.has(reason)
}
