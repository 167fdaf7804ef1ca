import type { Tool as McpTool } from '@modelcontextprotocol/sdk/types.js'
import type { Logger } from 'pino'
import type { McpServerSpec } from '../../sessions/contracts/agent-profile.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import type { Tool } from '../../sessions/contracts/tool.ts'
import { McpConnection } from './mcp-connection.ts'

/** A list is used for so long before it is asked for again, beside the call that finds it old. */
const FRESH_MS = 5 * 60_000
/** A server that could not tell is left alone for so long: a call is not the moment to wait for it. */
const DOWN_MS = 30_000
/** More servers than this at a time, and the one that was used longest ago is let go. */
const MAX_SERVERS = 100

interface Server {
  readonly connection: McpConnection
  tools: readonly McpTool[] | null
  listedAt: number
  failedAt: number
  listing: Promise<readonly McpTool[]> | null
}

/** The servers of the Model Context Protocol that agents use, shared by all calls; each is asked once for what it has. */
export class McpServers {
  readonly #clock: Clock
  readonly #log: Logger
  /** By address and headers; the one used last comes last. */
  readonly #servers = new Map<string, Server>()

  constructor(options: { clock: Clock; log: Logger }) {
    this.#clock = options.clock
    this.#log = options.log
  }

  /**
   * The tools of a server, where they are known; else a promise of them that never rejects, and is empty where the
   * server is not there.
   */
  toolsOf(spec: McpServerSpec): { tools: readonly Tool[] } | { later: Promise<readonly Tool[]> } {
    const server = this.#server(spec)
    const now = this.#clock.now()
    const old = now - server.listedAt > FRESH_MS
    if (server.tools) {
      if (old && !server.listing) void this.#list(server, spec)
      return { tools: toolsFrom(server.tools, server.connection, spec) }
    }
    if (!server.listing && now - server.failedAt < DOWN_MS) return { tools: [] }
    const listing = server.listing ?? this.#list(server, spec)
    return { later: listing.then((tools) => toolsFrom(tools, server.connection, spec)) }
  }

  async close(): Promise<void> {
    const servers = [...this.#servers.values()]
    this.#servers.clear()
    await Promise.all(servers.map(({ connection }) => connection.close()))
  }

  #server({ url, headers }: McpServerSpec): Server {
    const key = JSON.stringify([url, headers ?? {}])
    const known = this.#servers.get(key)
    const server = known ?? this.#create({ url, headers })
    this.#servers.delete(key)
    this.#servers.set(key, server)
    const [oldest] = this.#servers
    if (oldest && this.#servers.size > MAX_SERVERS) {
      this.#servers.delete(oldest[0])
      void oldest[1].connection.close()
    }
    return server
  }

  #create(spec: Pick<McpServerSpec, 'url' | 'headers'>): Server {
    const server: Server = {
      connection: new McpConnection(spec, () => {
        server.listedAt = Number.NEGATIVE_INFINITY
      }),
      tools: null,
      listedAt: Number.NEGATIVE_INFINITY,
      failedAt: Number.NEGATIVE_INFINITY,
      listing: null
    }
    return server
  }

  async #list(server: Server, { name, url }: McpServerSpec): Promise<readonly McpTool[]> {
    server.listing = server.connection.listTools().then(
      (tools) => {
        server.tools = tools
        server.listedAt = this.#clock.now()
        return tools
      },
      (error: unknown) => {
        server.failedAt = this.#clock.now()
        // Its address may hold a key.
        const fields = { server: name, host: new URL(url).host, code: faultOf(error) }
        this.#log.warn({ event: 'mcp.unavailable', ...fields }, 'An MCP server did not tell its tools')
        return server.tools ?? []
      }
    )
    try {
      return await server.listing
    } finally {
      server.listing = null
    }
  }
}

function toolsFrom(tools: readonly McpTool[], connection: McpConnection, spec: McpServerSpec): Tool[] {
  const allowed = spec.allowedTools && new Set(spec.allowedTools)
  return tools
    .filter(({ name }) => !allowed || allowed.has(name))
    .map(({ name, description, inputSchema }) => ({
      spec: { name, description: description ?? name, parameters: inputSchema },
      run: (args, { signal }) => connection.call(name, args, signal)
    }))
}

function faultOf(error: unknown): string {
  const { code, cause, name } = error as { code?: unknown; cause?: { code?: unknown }; name?: unknown }
  return String(code ?? cause?.code ?? name)
}
