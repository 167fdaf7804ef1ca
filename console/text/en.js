import { calls } from './en/calls.js'
import { live } from './en/live.js'
import { shell } from './en/shell.js'
import { talk } from './en/talk.js'

/** Everything that the console says, in English. */
export const en = { ...shell, ...talk, ...live, ...calls }
