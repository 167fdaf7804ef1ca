import { request } from '../../net/api.js'

/** Enough for the widest screen. */
const BINS = 1500
/** What the picture is computed from; what is heard is the file as it is. */
const PICTURE_HZ = 8000
const FETCH_MS = 120_000

/**
 * @typedef {object} Recording
 * @property {Blob} blob the WAV
 * @property {number} seconds
 * @property {Float32Array} caller how loud in each of equal pieces of time, 0 to 1
 * @property {Float32Array} agent
 */

/**
 * Fetches a call's recording and looks at it. Rejects with an ApiError, or where it is no WAV.
 *
 * @param {string} callId
 * @param {AbortSignal} signal
 * @returns {Promise<Recording>}
 */
export async function fetchRecording(callId, signal) {
  const response = await request('GET', `/api/calls/${callId}/recording`, { signal, timeoutMs: FETCH_MS })
  const blob = await response.blob()
  const context = new OfflineAudioContext(2, 1, PICTURE_HZ)
  const audio = await context.decodeAudioData(await blob.arrayBuffer())
  const caller = peaks(audio.getChannelData(0))
  const agent = peaks(audio.getChannelData(Math.min(1, audio.numberOfChannels - 1)))
  return { blob, seconds: audio.duration, caller, agent }
}

/** @param {Float32Array} samples @returns {Float32Array} */
function peaks(samples) {
  const bins = new Float32Array(BINS)
  for (let bin = 0; bin < BINS; bin++) {
    const end = Math.floor(((bin + 1) * samples.length) / BINS)
    let peak = 0
    for (let index = Math.floor((bin * samples.length) / BINS); index < end; index++) {
      const size = Math.abs(samples[index])
      if (size > peak) peak = size
    }
    bins[bin] = peak
  }
  return bins
}
