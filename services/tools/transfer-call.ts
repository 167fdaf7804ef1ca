import type { TransferTarget } from '../../sessions/contracts/agent-profile.ts'
import type { TransferOutcome } from '../../sessions/contracts/carrier.ts'
import type { Tool } from '../../sessions/contracts/tool.ts'

/** The other party's phone rings for half a minute, and the carrier takes its time to tell. */
const DEADLINE_MS = 60_000

/** Where the caller is with the agent again: what its model is told. */
const FAILURES: Readonly<Partial<Record<TransferOutcome, string>>> = {
  busy: 'The line is busy. Tell the caller, and ask how else you can help.',
  no_answer: "They don't answer. Tell the caller, and ask how else you can help.",
  rejected:
    'They decline the call. Tell the caller that they are not available, and ask how else you can help.',
  failed: 'The transfer did not work. Tell the caller, and ask how else you can help.'
}

/** Hands the caller over to one of these, and to nobody else. `transfer` takes our id of the call and E.164. */
export function transferCall(
  targets: readonly TransferTarget[],
  transfer: (callId: string, to: string) => Promise<TransferOutcome>
): Tool {
  const names = targets.map(({ name }) => name)
  return {
    deadlineMs: DEADLINE_MS,
    spec: {
      name: 'transfer_call',
      description:
        'Connects the caller to somebody else. Tell the caller first that you are putting them through. ' +
        'If nobody answers, the caller is with you again.',
      parameters: {
        type: 'object',
        properties: {
          to: { type: 'string', enum: names, description: 'Who the caller wants to speak with.' }
        },
        additionalProperties: false
      }
    },
    async run({ to }, { callId }) {
      const target = to === undefined ? targets[0] : targets.find(({ name }) => name === to)
      if (!target)
        return JSON.stringify({ error: `There is nobody of that name: ask for ${names.join(', ')}.` })
      const outcome = await transfer(callId, target.number)
      return JSON.stringify({ outcome, error: FAILURES[outcome] })
    }
  }
}
