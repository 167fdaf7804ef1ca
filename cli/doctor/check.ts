import type { Config } from '../../services/config.ts'

/**
 * - `ok`: as it should be;
 * - `warning`: works, and is worth a look;
 * - `fault`: does not work, and `fix` says what to do;
 * - `skipped`: could not be told, and the message says why.
 */
export type FindingStatus = 'ok' | 'warning' | 'fault' | 'skipped'

export interface Finding {
  readonly status: FindingStatus
  /** A sentence; never a secret. */
  readonly message: string
  readonly fix?: string
}

/** What all checks may ask. */
export interface Examination {
  readonly config: Config
  /** The server that runs on this machine by this configuration; null where none answers. */
  readonly server: LocalServer | null
  /** null where none is to be found. */
  readonly operatorToken: string | null
  /** Epoch milliseconds. */
  readonly now: () => number
}

export interface LocalServer {
  /** Drawn by lot at its start; null of a server that has none. */
  readonly instanceId: string | null
}

export interface Check {
  readonly name: string
  run(examination: Examination): Promise<readonly Finding[]>
}

/** Longest wait for one answer from the network. */
export const ANSWER_DEADLINE_MS = 8000

export const ok = (message: string): Finding => ({ status: 'ok', message })
export const skipped = (message: string): Finding => ({ status: 'skipped', message })
export const warning = (message: string, fix: string): Finding => ({ status: 'warning', message, fix })
export const fault = (message: string, fix: string): Finding => ({ status: 'fault', message, fix })
