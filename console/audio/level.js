/** The same scale as the server's levels: what is quieter is 0, what is louder is 99. */
const SILENT_DBFS = -54
const LOUD_DBFS = -4
/** Bends the scale, so that the louder half of a voice is more than a tenth of the picture. */
const BEND = 1.5

/** Loudness from 0 to 99 of an amplitude from 0 to 1. @param {number} amplitude */
export function levelOf(amplitude) {
  if (amplitude <= 0) return 0
  const share = (20 * Math.log10(amplitude) - SILENT_DBFS) / (LOUD_DBFS - SILENT_DBFS)
  return Math.round(99 * Math.min(1, Math.max(0, share)) ** BEND)
}

/** Root mean square of amplitudes; 0 of nothing. @param {Float32Array} samples */
export function rms(samples) {
  let sum = 0
  for (const sample of samples) sum += sample * sample
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length)
}
