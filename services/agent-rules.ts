import type { EngineName } from '../sessions/contracts/agent-engine.ts'
import type { AgentTool } from '../sessions/contracts/agent-profile.ts'
import type { AgentFields, AgentRow } from './store/agent-store.ts'
import type { ArgumentCheck } from './tools/argument-check.ts'
import { RESERVED_NAMES } from './tools/index.ts'
import { withNewSecrets, withoutSecrets, withSecrets } from './tools/tool-secrets.ts'

/** What the signature and the body need for themselves. */
const OWN_HEADERS =
  /^(webhook-(id|timestamp|signature)|content-(type|length)|host|connection|transfer-encoding)$/i

const LOCAL_VOICES: readonly string[] = ['rms', 'slt']
/** Of OpenAI Realtime, beside those that an account has made for itself (`voice_…`). */
const OPENAI_VOICES: readonly string[] = [
  'alloy',
  'ash',
  'ballad',
  'cedar',
  'coral',
  'echo',
  'marin',
  'sage',
  'shimmer',
  'verse'
]

export interface AgentRulesOptions {
  readonly check: ArgumentCheck
  /** Who speaks for agents that have not chosen. */
  readonly defaultEngine: EngineName
  /** Whether realtime agents speak through OpenAI itself, whose voices are known. */
  readonly openaiVoices: boolean
}

/** What an agent must be beyond the shape of its fields, and what is shown of it. */
export class AgentRules {
  readonly #options: AgentRulesOptions

  constructor(options: AgentRulesOptions) {
    this.#options = options
  }

  /** The agent as it is to be kept, in place of `stored`; or what is wrong with it, by the name of the field. */
  admit(fields: AgentFields, stored: AgentFields): { fields: AgentFields } | { fault: string } {
    const fault =
      machineFault(fields) ??
      languageFault(fields) ??
      this.#voiceFault(fields) ??
      this.#toolFault(fields.tools)
    if (fault !== null) return { fault }
    const kept = withSecrets(fields.tools, stored.tools)
    if ('unknown' in kept) {
      return { fault: `body/tools/${kept.unknown} must be given in clear: there is no value of it to keep` }
    }
    return { fields: { ...fields, tools: kept.tools } }
  }

  /** Without its secrets; those are told once that were made for the tools in `given`. */
  shown<Row extends Pick<AgentRow, 'tools'>>(row: Row, given: readonly AgentTool[] | null = null): Row {
    return { ...row, tools: given ? withNewSecrets(row.tools, given) : withoutSecrets(row.tools) }
  }

  #voiceFault({ voice, engine }: AgentFields): string | null {
    if (voice === null) return null
    const speaks = engine ?? this.#options.defaultEngine
    if (speaks === 'local' && !LOCAL_VOICES.includes(voice)) return voiceFault('local', LOCAL_VOICES)
    const known = OPENAI_VOICES.includes(voice) || voice.startsWith('voice_')
    if (speaks === 'realtime' && this.#options.openaiVoices && !known)
      return voiceFault('realtime', OPENAI_VOICES)
    return null
  }

  #toolFault(tools: readonly AgentTool[]): string | null {
    const names = new Set<string>()
    for (const [index, tool] of tools.entries()) {
      const field = `body/tools/${index}`
      const name = typeof tool === 'string' ? tool : tool.name
      if (names.has(name)) return `${field} must have a name of its own: there is another ${name}`
      names.add(name)
      if (typeof tool === 'string') continue
      if (RESERVED_NAMES.has(name)) return `${field}/name must not be ${name}: a tool of ours is called that`
      if (!URL.canParse(tool.url)) return `${field}/url must be an http or https URL`
      const header = Object.keys(tool.headers ?? {}).find((each) => OWN_HEADERS.test(each))
      if (header !== undefined) return `${field}/headers must not have ${header}: it is set with each request`
      const schema = tool.type === 'http' ? this.#schemaFault(tool.parameters) : null
      if (schema !== null) return `${field}/parameters must be a JSON Schema of an object: ${schema}`
    }
    return null
  }

  #schemaFault(schema: Readonly<Record<string, unknown>>): string | null {
    if (schema.type !== 'object') return 'its type is not "object"'
    return this.#options.check.schemaFault(schema)
  }
}

function voiceFault(engine: EngineName, voices: readonly string[]): string {
  return `body/voice must be a voice of the engine ${engine}: ${voices.join(', ')}`
}

function languageFault({ language }: AgentFields): string | null {
  const names = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' })
  try {
    if (names.of(language) !== undefined) return null
  } catch {
    // No tag at all.
  }
  return 'body/language must be a language tag (BCP 47), for example en, fr or de-AT'
}

function machineFault({ machineDetection, voicemailMessage }: AgentFields): string | null {
  if (machineDetection !== 'leave_message' || voicemailMessage.trim() !== '') return null
  return 'body/voicemailMessage must not be empty with the machineDetection leave_message'
}
