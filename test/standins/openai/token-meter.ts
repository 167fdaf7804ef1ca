import type { RealtimeResponseUsage } from 'openai/resources/realtime/realtime'

/** Rates of the service's documentation: a token a 100 ms of the caller, a token a 50 ms of the model. */
const CALLER_MS_PER_TOKEN = 100
const MODEL_MS_PER_TOKEN = 50
const CHARACTERS_PER_TOKEN = 4
/** The cache holds whole blocks of the prefix that the last response saw. */
const CACHE_BLOCK_TOKENS = 64

/** Counts a session's tokens as the service bills them: each response reads all that was before it, much of it cached. */
export class TokenMeter {
  #audioTokens = 0
  #textTokens = 0
  #seenAudioTokens = 0
  #seenTextTokens = 0

  callerAudio(ms: number): void {
    this.#audioTokens += Math.ceil(ms / CALLER_MS_PER_TOKEN)
  }

  text(text: string): void {
    this.#textTokens += Math.ceil(text.length / CHARACTERS_PER_TOKEN)
  }

  /** Usage of a response that generated this. */
  response(output: { audioMs: number; words: number }): RealtimeResponseUsage {
    const audio_tokens = Math.ceil(output.audioMs / MODEL_MS_PER_TOKEN)
    const text_tokens = output.words
    const cachedAudio = wholeBlocks(this.#seenAudioTokens)
    const cachedText = wholeBlocks(this.#seenTextTokens)
    const input_tokens = this.#audioTokens + this.#textTokens
    const output_tokens = audio_tokens + text_tokens
    const input_token_details = {
      text_tokens: this.#textTokens,
      audio_tokens: this.#audioTokens,
      image_tokens: 0,
      cached_tokens: cachedAudio + cachedText,
      cached_tokens_details: { text_tokens: cachedText, audio_tokens: cachedAudio, image_tokens: 0 }
    }
    this.#seenAudioTokens = this.#audioTokens
    this.#seenTextTokens = this.#textTokens
    this.#audioTokens += audio_tokens
    this.#textTokens += text_tokens
    return {
      total_tokens: input_tokens + output_tokens,
      input_tokens,
      output_tokens,
      input_token_details,
      output_token_details: { text_tokens, audio_tokens }
    }
  }
}

function wholeBlocks(tokens: number): number {
  return tokens - (tokens % CACHE_BLOCK_TOKENS)
}
