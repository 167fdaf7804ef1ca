import { randomUUID } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { CallToolRequestSchema, ListToolsRequestSchema, type Tool } from '@modelcontextprotocol/sdk/types.js'

export type McpStandIn = Awaited<ReturnType<typeof startMcpStandIn>>

/** A server of the Model Context Protocol over streamable HTTP, made with the official SDK; it keeps sessions. */
export async function startMcpStandIn(options: { silent?: boolean } = {}) {
  const calls: { name: string; args: unknown }[] = []
  const headers: IncomingHttpHeaders[] = []
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  let initialised = 0

  async function begin(): Promise<StreamableHTTPServerTransport> {
    initialised += 1
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport)
    })
    await createCrm(calls).connect(transport)
    return transport
  }

  const server = createServer(async (request, response) => {
    headers.push(request.headers)
    if (options.silent) return
    const id = request.headers['mcp-session-id']
    const known = typeof id === 'string' ? sessions.get(id) : undefined
    if (id !== undefined && !known) {
      const error = { code: -32001, message: 'Session not found' }
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ jsonrpc: '2.0', error, id: null }))
      return
    }
    await (known ?? (await begin())).handleRequest(request, response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    calls,
    headers,
    get initialised() {
      return initialised
    },
    /** As a restart does. */
    forgetSessions: () => sessions.clear(),
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

const TOOLS: Tool[] = [
  {
    name: 'find_customer',
    description: 'Finds a customer.',
    inputSchema: { type: 'object', properties: { number: { type: 'string' } }, required: ['number'] }
  },
  { name: 'end_call', description: 'Ends something.', inputSchema: { type: 'object' } },
  { name: 'fail', description: 'Fails.', inputSchema: { type: 'object' } },
  { name: 'wait', description: 'Never answers.', inputSchema: { type: 'object' } }
]

/** Its tools come on two pages. */
function createCrm(calls: { name: string; args: unknown }[]): Server {
  const server = new Server({ name: 'crm', version: '1.0.0' }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, async ({ params }) =>
    params?.cursor === 'more' ? { tools: TOOLS.slice(2) } : { tools: TOOLS.slice(0, 2), nextCursor: 'more' }
  )
  server.setRequestHandler(CallToolRequestSchema, async ({ params: { name, arguments: args } }) => {
    calls.push({ name, args })
    switch (name) {
      case 'find_customer':
        return { content: [{ type: 'text', text: `Customer ${args?.number} is Ada.` }] }
      case 'end_call':
        return { content: [{ type: 'text', text: 'Ended.' }] }
      case 'fail':
        return { isError: true, content: [{ type: 'text', text: 'The customer is locked.' }] }
      default:
        return new Promise<never>(() => {})
    }
  })
  return server
}
