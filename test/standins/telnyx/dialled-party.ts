import type { TelnyxCall } from './telnyx-call.ts'

/** Who a dialled number belongs to, and what becomes of a call to it. */
export interface DialledParty {
  /** A call that rings goes on until somebody says otherwise by hand. */
  readonly result: 'answer' | 'user_busy' | 'timeout' | 'call_rejected' | 'ring'
  readonly afterMs: number
  /**
   * An answering machine picks up: when it is found out, and when its greeting ends with a beep; from the answer on.
   * Only told where the dial asked for detection.
   */
  readonly machine?: { readonly detectedAfterMs: number; readonly beepAfterMs: number }
}

/** A person who picks up at once. */
const SOMEBODY: DialledParty = { result: 'answer', afterMs: 50 }

/** Lets the phone ring, and does what its owner does. `onAnswer`: the party picks up. */
export function ringParty(call: TelnyxCall, party: DialledParty = SOMEBODY, onAnswer: () => void): void {
  const { result, afterMs, machine } = party
  setImmediate(() => call.ring())
  if (result === 'ring') return
  setTimeout(() => {
    if (call.state === 'ended') return
    if (result !== 'answer') {
      call.end({ cause: result, source: 'callee' })
      return
    }
    onAnswer()
    if (!call.detectsMachines) return
    if (!machine) {
      setTimeout(() => call.tellMachine('detection', 'human_residence'), 0)
      return
    }
    setTimeout(() => call.tellMachine('detection', 'machine'), machine.detectedAfterMs)
    setTimeout(() => call.tellMachine('greeting', 'beep_detected'), machine.beepAfterMs)
  }, afterMs)
}
