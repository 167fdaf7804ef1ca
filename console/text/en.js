import { agents } from './en/agents.js'
import { calls } from './en/calls.js'
import { health } from './en/health.js'
import { live } from './en/live.js'
import { records } from './en/records.js'
import { shell } from './en/shell.js'
import { talk } from './en/talk.js'
import { usage } from './en/usage.js'

/** Everything that the console says, in English. */
export const en = { ...shell, ...talk, ...live, ...calls, ...usage, ...health, ...records, ...agents }
