import type pg from 'pg'

export interface KeptRecording {
  readonly call_id: string
  /** Relative to DATA_DIR, or `s3://bucket/key`. */
  readonly recording_path: string
}

/** What has to become of a call's file on this disk. */
export interface FileVerdict {
  readonly call_id: string
  readonly recording_path: string | null
  readonly deleted: boolean
}

/** What the database knows of recordings. Every method rejects with the driver's error where it is out of reach. */
export class RecordingStore {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** Resolves false where the call is not in the database yet, or its recording is not to be kept. */
  async keep(callId: string, recordingPath: string): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      'update calls set recording_path = $2 where id = $1 and recording_deleted_at is null',
      [callId, recordingPath]
    )
    return rowCount === 1
  }

  /** From here on the call has no recording, and gets none. Resolves false where the call is not known yet. */
  async forget(callId: string, at: number): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `update calls set recording_path = null, recording_deleted_at = coalesce(recording_deleted_at, $2)
       where id = $1`,
      [callId, new Date(at)]
    )
    return rowCount === 1
  }

  async pathOf(callId: string): Promise<string | null> {
    const { rows } = await this.#pool.query<KeptRecording>('select recording_path from calls where id = $1', [
      callId
    ])
    return rows[0]?.recording_path ?? null
  }

  /** Recordings that are older than their agent wants them. */
  async overdue(now: number, limit: number): Promise<KeptRecording[]> {
    const { rows } = await this.#pool.query<KeptRecording>(
      `select calls.id as call_id, calls.recording_path
       from calls join agents on agents.id = calls.agent_id
       where calls.recording_path is not null
         and calls.ended_at < $1::timestamptz - make_interval(days => agents.recording_retention_days)
       order by calls.ended_at limit $2`,
      [new Date(now), limit]
    )
    return rows
  }

  /** Of the files on this disk: those whose calls are over. */
  async verdicts(callIds: readonly string[]): Promise<FileVerdict[]> {
    const { rows } = await this.#pool.query<FileVerdict>(
      `select id as call_id, recording_path, recording_deleted_at is not null as deleted
       from calls where id = any($1::uuid[]) and status in ('ended', 'failed')`,
      [callIds]
    )
    return rows
  }
}
