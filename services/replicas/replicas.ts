import type { Logger } from 'pino'
import type { CallEvents } from '../../sessions/contracts/call-events.ts'
import type { Clock } from '../../sessions/contracts/clock.ts'
import { CallOwners } from './call-owners.ts'
import { openRedisLink, type RedisLink } from './redis-link.ts'
import { RemoteRequests } from './remote-requests.ts'
import { RemoteSockets } from './remote-sockets.ts'
import { ReplicaMesh } from './replica-mesh.ts'

/**
 * What this replica needs of the others behind the same load balancer. A call belongs to the replica that took it in;
 * whatever else comes for it, wherever it comes, is handed over through Redis.
 */
export interface Replicas {
  readonly link: RedisLink
  readonly mesh: ReplicaMesh
  readonly owners: CallOwners
  readonly requests: RemoteRequests
  readonly sockets: RemoteSockets
  close(): Promise<void>
}

export async function joinReplicas(options: {
  url: string
  log: Logger
  events: CallEvents
  clock: Clock
}): Promise<Replicas> {
  const { events, clock } = options
  const link = await openRedisLink(options)
  const mesh = await ReplicaMesh.join(link)
  const owners = new CallOwners({ link, replicaId: mesh.id, events })
  return {
    link,
    mesh,
    owners,
    requests: new RemoteRequests({ mesh, clock }),
    sockets: new RemoteSockets(mesh),
    async close() {
      owners.close()
      await link.close()
    }
  }
}
