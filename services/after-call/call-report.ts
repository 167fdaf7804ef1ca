import type { RecordingLinks } from '../recording/recording-link.ts'
import type { PostgresCallStore } from '../store/postgres-call-store.ts'
import type { AnalysisStore } from './analysis-store.ts'

export const CALL_ENDED = 'call.ended'

/** Columns of `calls` that are of no use to anybody else. */
const OURS: ReadonlySet<string> = new Set(['replica_id', 'recording_deleted_at', 'settled_at'])

/** What a webhook is told of a call that has ended; fields below `data` are named as the SQL columns. */
export interface CallReport {
  readonly type: typeof CALL_ENDED
  /** ISO 8601: when the call ended. */
  readonly timestamp: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface CallReportsOptions {
  readonly calls: PostgresCallStore
  readonly analyses: AnalysisStore
  readonly links: RecordingLinks
}

/** The same call has the same id, however often it is told: receivers know it by that. */
export function reportId(callId: string): string {
  return `call_ended_${callId}`
}

/** Tells a call as the database has it now. */
export class CallReports {
  readonly #options: CallReportsOptions

  constructor(options: CallReportsOptions) {
    this.#options = options
  }

  /** null where there is no such call. Rejects where the database is out of reach. */
  async of(callId: string): Promise<CallReport | null> {
    const { calls, analyses, links } = this.#options
    const details = await calls.findCall(callId)
    if (!details) return null
    const { turns, events: _kept, usage, analysis, recording_path, ...row } = details
    const call = Object.fromEntries(Object.entries(row).filter(([column]) => !OURS.has(column)))
    const link = recording_path === null ? null : links.make(callId)
    return {
      type: CALL_ENDED,
      timestamp: (row.ended_at ?? row.initiated_at).toISOString(),
      data: {
        call,
        transcript: turns.map(
          ({ turn_index, speaker, said_text, heard_text, interrupted, started_at, ended_at }) => ({
            turn_index,
            speaker,
            said_text,
            heard_text,
            interrupted,
            started_at,
            ended_at
          })
        ),
        usage: { ...usage, ...(await analyses.costOf(callId)) },
        analysis,
        recording: link && { url: link.url, expires_at: new Date(link.expiresAt).toISOString() }
      }
    }
  }
}
