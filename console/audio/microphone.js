/** What browsers call it, and what is to be said of it: keys of `talk.fault.…`. */
const FAULTS = /** @type {Record<string, string>} */ ({
  NotAllowedError: 'refused',
  SecurityError: 'refused',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy'
})

/** There is no microphone to speak into; `reason` says why. */
export class MicrophoneError extends Error {
  /** @param {string} reason `insecure`, `refused`, `missing`, `busy` or `unknown` @param {unknown} [cause] */
  constructor(reason, cause) {
    super(reason, { cause })
    this.reason = reason
  }
}

/** Asks for the microphone. Rejects with a MicrophoneError. */
export async function openMicrophone() {
  // Browsers give a page no microphone where others could have changed it on its way.
  if (!navigator.mediaDevices?.getUserMedia) throw new MicrophoneError('insecure')
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true }
    })
  } catch (error) {
    throw new MicrophoneError(FAULTS[error instanceof Error ? error.name : ''] ?? 'unknown', error)
  }
}
