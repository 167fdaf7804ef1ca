import type { AgentProfile } from '../../sessions/contracts/agent-profile.ts'
import type { TransferOutcome } from '../../sessions/contracts/carrier.ts'
import type { Tool } from '../../sessions/contracts/tool.ts'
import { endCall } from './end-call.ts'
import { type FoundProduct, searchProducts } from './search-products.ts'
import { sendDtmf } from './send-dtmf.ts'
import { transferCall } from './transfer-call.ts'

/** What a profile may name. `end_call` is every agent's. */
export const TOOL_NAMES = ['search_products', 'send_dtmf', 'transfer_call'] as const

export interface ToolDeps {
  /** Takes our id of the call and E.164. */
  readonly transfer: (callId: string, to: string) => Promise<TransferOutcome>
  readonly sendDtmf: (callId: string, digits: string) => Promise<void>
  readonly searchProducts: (text: string, limit: number) => Promise<readonly FoundProduct[]>
}

/** The tools of an agent, as its profile allows. */
export function createTools(profile: AgentProfile, deps: ToolDeps): Tool[] {
  const tools: Tool[] = [endCall]
  if (profile.tools.includes('search_products')) tools.push(searchProducts(deps.searchProducts))
  if (profile.tools.includes('send_dtmf')) tools.push(sendDtmf(deps.sendDtmf))
  if (profile.tools.includes('transfer_call') && profile.transferTargets.length > 0)
    tools.push(transferCall(profile.transferTargets, deps.transfer))
  return tools
}
