/** The life of a CallSession. It only moves forward. */
export type CallPhase = 'connecting' | 'live' | 'closing' | 'closed'
export type CallPhaseEvent = 'engineReady' | 'end' | 'released'

const NEXT: Record<CallPhase, Partial<Record<CallPhaseEvent, CallPhase>>> = {
  connecting: { engineReady: 'live', end: 'closing' },
  live: { end: 'closing' },
  closing: { released: 'closed' },
  closed: {}
}

/** The phase after `event`; null where the event means nothing in this phase. */
export function nextPhase(phase: CallPhase, event: CallPhaseEvent): CallPhase | null {
  return NEXT[phase][event] ?? null
}
