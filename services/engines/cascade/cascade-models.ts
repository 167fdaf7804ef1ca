/** What Flux's multilingual model speaks (Deepgram's models overview), by ISO 639-1. */
const FLUX_LANGUAGES = new Set(['en', 'es', 'fr', 'de', 'hi', 'ru', 'pt', 'ja', 'it', 'nl'])

/** An Aura-2 voice of each language that has some. */
const AURA_VOICES: Readonly<Record<string, string>> = {
  en: 'aura-2-thalia-en',
  fr: 'aura-2-agathe-fr',
  es: 'aura-2-celeste-es',
  de: 'aura-2-viktoria-de',
  nl: 'aura-2-rhea-nl',
  it: 'aura-2-livia-it',
  ja: 'aura-2-izanami-ja'
}

export type VoiceChoice =
  | { readonly provider: 'deepgram'; readonly model: string }
  | { readonly provider: 'openai'; readonly voice: string }

/** ISO 639-1 of a BCP 47 tag. */
export function baseLanguage(language: string): string {
  return language.split('-')[0].toLowerCase()
}

/** `configured`: DEEPGRAM_STT_MODEL, which is obeyed but for an English model with another language. */
export function listeningModel(language: string, configured: string | null): string {
  const base = baseLanguage(language)
  if (configured === 'flux-general-en' && base !== 'en') return listeningModel(language, 'flux-general-multi')
  if (configured === 'flux-general-multi' && !FLUX_LANGUAGES.has(base)) return 'nova-3'
  if (configured) return configured
  if (base === 'en') return 'flux-general-en'
  return FLUX_LANGUAGES.has(base) ? 'flux-general-multi' : 'nova-3'
}

export function isFlux(model: string): boolean {
  return model.startsWith('flux-')
}

export interface VoiceSettings {
  /** BCP 47, of the agent. */
  readonly language: string
  /** The agent's own choice: an Aura voice or one of OpenAI's; null of none. */
  readonly voice: string | null
  /** CASCADE_TTS. */
  readonly preferred: 'deepgram' | 'openai'
  /** DEEPGRAM_TTS_MODEL, where it speaks the language. */
  readonly deepgramVoice: string | null
  /** OPENAI_VOICE. */
  readonly openaiVoice: string
}

/** The voices to speak with, the second where the first fails. OpenAI's speak any language, Aura's one each. */
export function voices(settings: VoiceSettings): VoiceChoice[] {
  const { openaiVoice, preferred, voice } = settings
  const aura = voice?.startsWith('aura-') ? voice : auraVoice(settings)
  const named = voice !== null && !voice.startsWith('aura-') ? voice : null
  const deepgram: VoiceChoice[] = aura ? [{ provider: 'deepgram', model: aura }] : []
  const openai: VoiceChoice = { provider: 'openai', voice: named ?? openaiVoice }
  const openaiFirst = named !== null || (preferred === 'openai' && !voice?.startsWith('aura-'))
  return openaiFirst ? [openai, ...deepgram] : [...deepgram, openai]
}

function auraVoice({ deepgramVoice, language }: VoiceSettings): string | null {
  const base = baseLanguage(language)
  if (deepgramVoice?.endsWith(`-${base}`)) return deepgramVoice
  return AURA_VOICES[base] ?? null
}
