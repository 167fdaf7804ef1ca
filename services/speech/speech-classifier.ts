/** What 20 ms of the caller's audio are. `voiced` is speech that nothing else sounds like. */
export type SpeechClass = 'voiced' | 'speech' | 'other'

/** Tells speech from other sounds. One instance hears the whole of one call. */
export interface SpeechClassifier {
  /** As much speech makes a beginning, where the detector is not told otherwise; milliseconds. */
  readonly onsetMs: number
  /** How much later than the sounds it answers that speech is there, and that it is over. */
  readonly onsetLagMs: number
  readonly endLagMs: number
  /**
   * The next 20 ms of PCM16. `loud`: they stand out of silence and noise, which speech does. `speaking`: speech has
   * begun, and only its end matters.
   */
  classify(frame: Int16Array, loud: boolean, speaking: boolean): SpeechClass
  close(): void
}
