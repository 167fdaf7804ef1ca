import { calls } from './fr/calls.js'
import { live } from './fr/live.js'
import { shell } from './fr/shell.js'
import { talk } from './fr/talk.js'
import { usage } from './fr/usage.js'

/** Everything that the console says, in French. */
export const fr = { ...shell, ...talk, ...live, ...calls, ...usage }
