import type { AgentProfile } from '../../sessions/contracts/agent-profile.ts'
import { isRecorded } from './call-recordings.ts'

/** The agent as it speaks to callers: where the call is to be recorded, its greeting begins by saying so. */
export function withRecordingNotice(profile: AgentProfile, recordCalls: boolean): AgentProfile {
  const notice = profile.recordingConsent?.trim()
  if (!notice || !isRecorded(profile, recordCalls)) return profile
  return { ...profile, greeting: `${notice} ${profile.greeting}`.trim() }
}
