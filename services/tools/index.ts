import type { Logger } from 'pino'
import type { AgentProfile, HttpToolSpec, McpServerSpec } from '../../sessions/contracts/agent-profile.ts'
import type { TransferOutcome } from '../../sessions/contracts/carrier.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import type { AgentTools, Tool } from '../../sessions/contracts/tool.ts'
import { ArgumentCheck } from './argument-check.ts'
import { endCall } from './end-call.ts'
import { httpTool } from './http-tool.ts'
import { McpServers } from './mcp-servers.ts'
import { type FoundProduct, searchProducts } from './search-products.ts'
import { sendDtmf } from './send-dtmf.ts'
import { transferCall } from './transfer-call.ts'

/** Names of our own tools: no other may be called so. `end_call` is every agent's, the others are in a profile by name. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  'end_call',
  'search_products',
  'send_dtmf',
  'transfer_call'
])

/** What models take for the name of a function. */
const MODEL_NAME = /^[a-zA-Z0-9_-]{1,64}$/

export interface ToolDeps {
  /** Takes our id of the call and E.164. */
  readonly transfer: (callId: string, to: string) => Promise<TransferOutcome>
  readonly sendDtmf: (callId: string, digits: string) => Promise<void>
  readonly searchProducts: (text: string, limit: number) => Promise<readonly FoundProduct[]>
}

/** What agents may do. Shared by all calls. */
export class ToolBox {
  readonly check = new ArgumentCheck()
  readonly #mcp: Pick<McpServers, 'toolsOf' | 'close'>

  constructor(options: { clock: Clock; log: Logger }) {
    this.#mcp = new McpServers(options)
  }

  /** The tools of an agent, as its profile allows; those of MCP servers that have not been asked yet come later. */
  create(profile: AgentProfile, deps: ToolDeps): AgentTools {
    return createTools(profile, deps, this.#mcp, this.check)
  }

  close(): Promise<void> {
    return this.#mcp.close()
  }
}

function createTools(
  profile: AgentProfile,
  deps: ToolDeps,
  mcp: Pick<McpServers, 'toolsOf'>,
  check: ArgumentCheck
): AgentTools {
  const tools: Tool[] = [endCall]
  if (profile.tools.includes('search_products'))
    tools.push(searchProducts(deps.searchProducts, profile.language))
  if (profile.tools.includes('send_dtmf')) tools.push(sendDtmf(deps.sendDtmf))
  if (profile.tools.includes('transfer_call') && profile.transferTargets.length > 0)
    tools.push(transferCall(profile.transferTargets, deps.transfer))
  tools.push(...profile.tools.filter(isHttp).map((spec) => httpTool(spec, profile.id)))

  const names = new Set(tools.map(({ spec }) => spec.name))
  const waiting: Promise<Tool[]>[] = []
  for (const server of profile.tools.filter(isMcp)) {
    const found = mcp.toolsOf(server)
    if ('tools' in found) tools.push(...named(found.tools, server.name, names))
    else waiting.push(found.later.then((late) => named(late, server.name, names)))
  }
  const checked = (tool: Tool) => withCheck(tool, check)
  const later = Promise.all(waiting).then((lists) => lists.flat().map(checked))
  return { tools: tools.map(checked), later: waiting.length === 0 ? null : later }
}

/** A name that is taken, or that models don't take, gets the server's before it. Adds to `names`. */
function named(tools: readonly Tool[], server: string, names: Set<string>): Tool[] {
  const renamed: Tool[] = []
  for (const tool of tools) {
    const own = tool.spec.name
    const free = MODEL_NAME.test(own) && !names.has(own) && !RESERVED_NAMES.has(own)
    const name = free ? own : `${server}_${own}`.replaceAll(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64)
    if (names.has(name)) continue
    names.add(name)
    renamed.push({ ...tool, spec: { ...tool.spec, name } })
  }
  return renamed
}

function withCheck(tool: Tool, check: ArgumentCheck): Tool {
  return { ...tool, check: (args) => check.fault(tool.spec.parameters, args) }
}

function isHttp(tool: AgentProfile['tools'][number]): tool is HttpToolSpec {
  return typeof tool === 'object' && tool.type === 'http'
}

function isMcp(tool: AgentProfile['tools'][number]): tool is McpServerSpec {
  return typeof tool === 'object' && tool.type === 'mcp'
}
