import { useEffect, useState } from 'preact/hooks'
import { Player } from './player.js'
import { fetchRecording } from './recording.js'

/** @typedef {{ recording: import('./recording.js').Recording | null, player: Player | null, error: Error | null }} RecordingState */

/** @type {RecordingState} */
const NOTHING = { recording: null, player: null, error: null }

/**
 * The recording of a call, once it is there, with what plays it.
 *
 * @param {string | null} callId null where there is none
 * @returns {RecordingState}
 */
export function useRecording(callId) {
  const [state, setState] = useState(NOTHING)
  useEffect(() => {
    setState(NOTHING)
    if (callId === null) return
    const abort = new AbortController()
    /** @type {Player | null} */
    let player = null
    fetchRecording(callId, abort.signal).then(
      (recording) => {
        if (abort.signal.aborted) return
        player = new Player(recording.blob)
        setState({ recording, player, error: null })
      },
      (error) => {
        if (!abort.signal.aborted) setState({ ...NOTHING, error })
      }
    )
    return () => {
      abort.abort()
      player?.close()
    }
  }, [callId])
  return state
}
