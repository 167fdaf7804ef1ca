/** What each service takes, in ms: from the request to the first words, from the words to their first audio. */
export const SERVICE_MS = { firstTokenMs: 150, firstAudioMs: 80 } as const
