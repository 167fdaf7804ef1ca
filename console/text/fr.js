import { agents } from './fr/agents.js'
import { calls } from './fr/calls.js'
import { health } from './fr/health.js'
import { live } from './fr/live.js'
import { records } from './fr/records.js'
import { shell } from './fr/shell.js'
import { talk } from './fr/talk.js'
import { usage } from './fr/usage.js'

/** Everything that the console says, in French. */
export const fr = { ...shell, ...talk, ...live, ...calls, ...usage, ...health, ...records, ...agents }
