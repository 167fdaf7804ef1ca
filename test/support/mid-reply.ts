import { createRig, type RigOptions } from './session-rig.ts'

export const TEXT = 'one two three four five six seven eight nine ten'
export const REPLY_MS = 4000

/** An agent in the middle of a reply of four seconds, of which the caller has heard `heardMs`. */
export async function speaking(heardMs: number, options: RigOptions = {}) {
  const rig = createRig(options)
  await rig.connect()
  rig.engine.speak('r1', REPLY_MS, TEXT)
  rig.engine.emit('replyDone', { replyId: 'r1' })
  rig.clock.advance(heardMs)
  return rig
}
