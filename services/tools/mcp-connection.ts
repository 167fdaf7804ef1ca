import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { CallToolResult, Tool as McpTool } from '@modelcontextprotocol/sdk/types.js'
import type { McpServerSpec } from '../../sessions/contracts/agent-profile.ts'
import { ToolFailure } from '../../sessions/errors.ts'
import { bounded } from './bounded-text.ts'

/** From the first byte to the list of tools, on a server that is well. */
const LIST_DEADLINE_MS = 8000
/** Of pages of tools. */
const MAX_PAGES = 20
/** What a server answers that has forgotten the session, after a restart. */
const SESSION_UNKNOWN = 404

/**
 * One server of the Model Context Protocol, over streamable HTTP. Connected by the first who needs it, and again where
 * the server has forgotten us. Redirects are not followed: its headers are for that URL alone.
 */
export class McpConnection {
  readonly #spec: Pick<McpServerSpec, 'url' | 'headers'>
  #client: Promise<Client> | null = null
  #onChanged: () => void

  /** `onChanged`: the server says that its tools are others now. */
  constructor(spec: Pick<McpServerSpec, 'url' | 'headers'>, onChanged: () => void) {
    this.#spec = spec
    this.#onChanged = onChanged
  }

  /** Rejects where the server can't be reached, or does not tell in time. */
  async listTools(): Promise<McpTool[]> {
    const signal = AbortSignal.timeout(LIST_DEADLINE_MS)
    return this.#withClient(async (client) => {
      const tools: McpTool[] = []
      let cursor: string | undefined
      for (let page = 0; page < MAX_PAGES; page++) {
        const list = await client.listTools(cursor === undefined ? {} : { cursor }, { signal })
        tools.push(...list.tools)
        cursor = list.nextCursor
        if (cursor === undefined) break
      }
      return tools
    }, signal)
  }

  /** Rejects with a ToolFailure where the tool itself says that it failed. */
  async call(name: string, args: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<string> {
    const result = await this.#withClient(
      (client) => client.callTool({ name, arguments: { ...args } }, undefined, { signal }),
      signal
    )
    const text = bounded(textOf(result as CallToolResult))
    if (result.isError) throw new ToolFailure(text === '' ? 'The tool failed.' : text)
    return text === '' ? 'Done. The tool had nothing to say.' : text
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = null
    await (await client?.catch(() => null))?.close().catch(() => undefined)
  }

  /** A session that the server has forgotten is begun anew, once: what was asked in it was not carried out. */
  async #withClient<T>(use: (client: Client) => Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await use(await this.#connected(signal))
    } catch (error) {
      if ((error as { code?: unknown }).code !== SESSION_UNKNOWN) throw error
      await this.close()
      return use(await this.#connected(signal))
    }
  }

  #connected(signal: AbortSignal): Promise<Client> {
    const known = this.#client
    if (known) return known
    const client = this.#connect(signal)
    this.#client = client
    client.catch(() => {
      if (this.#client === client) this.#client = null
    })
    return client
  }

  /** The packages are loaded by the first server: most installations have none. */
  async #connect(signal: AbortSignal): Promise<Client> {
    const [{ Client }, { StreamableHTTPClientTransport }, { ToolListChangedNotificationSchema }] =
      await Promise.all([
        import('@modelcontextprotocol/sdk/client/index.js'),
        import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
        import('@modelcontextprotocol/sdk/types.js')
      ])
    const { url, headers } = this.#spec
    const client = new Client({ name: 'offhook', version: '0.1.0' })
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => this.#onChanged())
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { ...headers } },
      fetch: (address, init) => fetch(address, { ...init, redirect: 'manual' })
    })
    client.onclose = () => {
      this.#client = null
    }
    try {
      await client.connect(transport, { signal })
    } catch (error) {
      await client.close().catch(() => undefined)
      throw error
    }
    return client
  }
}

/** The words of a result; where it has none, what it holds as data. */
function textOf({ content, structuredContent }: CallToolResult): string {
  const texts = (content ?? []).flatMap((part) => {
    if (part.type === 'text') return [part.text]
    if (part.type === 'resource' && 'text' in part.resource) return [part.resource.text]
    return []
  })
  if (texts.length > 0) return texts.join('\n')
  return structuredContent === undefined ? '' : JSON.stringify(structuredContent)
}
