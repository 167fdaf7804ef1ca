import { randomBytes } from 'node:crypto'
import type { AgentTool } from '../../sessions/contracts/agent-profile.ts'

/** Stands for a secret that is there and is not told; sent back, it means the same secret. */
export const MASK = '***'
/** Standard Webhooks wants 24 to 64 bytes. */
const SECRET_BYTES = 32

/** The tools with no secret in them: of headers the names, and no key. */
export function withoutSecrets(tools: readonly AgentTool[]): AgentTool[] {
  return tools.map((tool) => {
    if (typeof tool === 'string') return tool
    const hidden = { ...tool, ...(tool.headers && { headers: masked(tool.headers) }) }
    return hidden.type === 'http' && hidden.secret !== undefined ? { ...hidden, secret: MASK } : hidden
  })
}

/** The same, but for keys that `given` came without: those were made for it, and are told this once. */
export function withNewSecrets(tools: readonly AgentTool[], given: readonly AgentTool[]): AgentTool[] {
  return withoutSecrets(tools).map((shown, index) => {
    const tool = tools[index]
    const asGiven = given[index]
    if (typeof shown === 'string' || shown.type !== 'http' || typeof tool === 'string') return shown
    if (tool?.type !== 'http' || typeof asGiven !== 'object' || asGiven.type !== 'http') return shown
    return asGiven.secret === undefined ? { ...shown, secret: tool.secret } : shown
  })
}

/**
 * The tools as they are to be kept: each mask is the secret that the tool of that name had, and a tool without a key
 * gets one. Where a mask stands for nothing: which field.
 */
export function withSecrets(
  given: readonly AgentTool[],
  stored: readonly AgentTool[]
): { tools: AgentTool[] } | { unknown: string } {
  const tools: AgentTool[] = []
  for (const [index, tool] of given.entries()) {
    if (typeof tool === 'string') {
      tools.push(tool)
      continue
    }
    const before = stored.find(
      (other): other is typeof tool =>
        typeof other === 'object' && other.name === tool.name && other.type === tool.type
    )
    const headers = tool.headers && unmasked(tool.headers, before?.headers ?? {})
    if (typeof headers === 'string') return { unknown: `${index}/headers/${headers}` }
    const kept = { ...tool, ...(headers && { headers }) }
    if (kept.type === 'http') {
      const secretBefore = before?.type === 'http' ? before.secret : undefined
      if (kept.secret === MASK && secretBefore === undefined) return { unknown: `${index}/secret` }
      const secret = kept.secret === MASK ? secretBefore : (kept.secret ?? newSecret())
      tools.push({ ...kept, secret })
    } else {
      tools.push(kept)
    }
  }
  return { tools }
}

function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
}

function masked(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(headers).map((name) => [name, MASK]))
}

/** The name of a header whose mask stands for nothing, where there is one. */
function unmasked(
  headers: Readonly<Record<string, string>>,
  before: Readonly<Record<string, string>>
): Record<string, string> | string {
  const missing = Object.keys(headers).find((name) => headers[name] === MASK && before[name] === undefined)
  if (missing !== undefined) return missing
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value === MASK ? before[name] : value])
  ) as Record<string, string>
}
