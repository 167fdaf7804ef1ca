import { createWireCodec, type WireCodec } from '../telnyx/wire-codec.ts'

export type DeepgramPath = '/v1/listen' | '/v2/listen' | '/v1/speak'
export type Query = Readonly<Record<string, string>>

const ENCODINGS = { mulaw: 'PCMU', alaw: 'PCMA', linear16: 'L16' } as const
const SPEAK_RATES = ['8000', '16000', '24000', '32000', '48000']
const COMPANDED_RATES = ['8000', '16000']

/** The codec of a connection's audio; the rates that the product speaks are all that is known here. */
export function codecOf(query: Query): WireCodec {
  const encoding = ENCODINGS[query.encoding as keyof typeof ENCODINGS]
  return createWireCodec({ encoding, sampleRateHz: Number(query.sample_rate), byteOrder: 'le' })
}

/** Why the service would answer 400; null where it would not. */
export function queryFault(path: DeepgramPath, query: Query): string | null {
  if (!(query.encoding in ENCODINGS)) return `encoding: unsupported value ${query.encoding}`
  if (!(Number(query.sample_rate) > 0)) return 'sample_rate: expected a rate in Hz'
  if (path === '/v1/speak') return speakFault(query)
  return path === '/v2/listen' ? fluxFault(query) : novaFault(query)
}

function speakFault({ model, encoding, sample_rate }: Query): string | null {
  if (!model.startsWith('aura-')) return `model: ${model} is not an Aura voice`
  const rates = encoding === 'linear16' ? SPEAK_RATES : COMPANDED_RATES
  return rates.includes(sample_rate) ? null : `sample_rate: ${sample_rate} is not applicable to ${encoding}`
}

function fluxFault(query: Query): string | null {
  if (!/^flux-general-(en|multi)$/.test(query.model)) return `model: ${query.model} is not a Flux model`
  if (query.language_hint && query.model !== 'flux-general-multi')
    return 'language_hint: flux-general-multi only'
  for (const name of ['language', 'interim_results', 'utterance_end_ms', 'endpointing', 'smart_format']) {
    if (name in query) return `${name}: unknown parameter`
  }
  return (
    outside(query, 'eot_threshold', 0.5, 1) ??
    outside(query, 'eager_eot_threshold', 0.3, 0.9) ??
    outside(query, 'eot_timeout_ms', 500, 60_000)
  )
}

function novaFault(query: Query): string | null {
  if (query.model.startsWith('flux')) return 'model: Flux is at /v2/listen'
  if (!query.utterance_end_ms) return null
  if (query.interim_results !== 'true') return 'utterance_end_ms: needs interim_results=true'
  return outside(query, 'utterance_end_ms', 1000, 5000)
}

function outside(query: Query, name: string, least: number, most: number): string | null {
  if (!(name in query)) return null
  const value = Number(query[name])
  return value >= least && value <= most ? null : `${name}: expected ${least} to ${most}`
}
