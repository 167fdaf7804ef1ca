import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { AddressGuard } from '../services/address-guard.ts'
import type { FollowUp } from '../services/after-call/follow-up.ts'
import type { AgentRules } from '../services/agent-rules.ts'
import type { SocketLike } from '../services/carriers/socket-like.ts'
import type { DialRefusal } from '../services/carriers/telnyx/telnyx-refusals.ts'
import type { TelnyxWebhooks } from '../services/carriers/telnyx/telnyx-webhooks.ts'
import type { TwilioCarrier } from '../services/carriers/twilio/twilio-carrier.ts'
import type { TwilioStream } from '../services/carriers/twilio/twilio-media-transport.ts'
import type { TwilioSignatures } from '../services/carriers/twilio/twilio-signature.ts'
import type { MediaTokens } from '../services/media-token.ts'
import type { Metrics } from '../services/metrics.ts'
import type { OutboundGuard } from '../services/outbound-guard.ts'
import type { Replicas } from '../services/replicas/replicas.ts'
import type { AgentFields, AgentStore } from '../services/store/agent-store.ts'
import type { AgentVersions } from '../services/store/agent-versions.ts'
import type { PostgresCallStore } from '../services/store/postgres-call-store.ts'
import type { ProductStore } from '../services/store/product-store.ts'
import type { ServiceReport } from '../services/store/service-report.ts'
import type { StoreHealth } from '../services/store/store.ts'
import type { UsageReport } from '../services/store/usage-report.ts'
import type { TapeShelf } from '../services/tape/tape-shelf.ts'
import type { AnsweringMachines } from '../sessions/answering-machine.ts'
import type { CallControl } from '../sessions/call-control.ts'
import type { CallOperations } from '../sessions/call-operations.ts'
import type { CallRegistry, HeldCall } from '../sessions/call-registry.ts'
import type { AgentProfile } from '../sessions/contracts/agent-profile.ts'
import type { CallEvents } from '../sessions/contracts/call-events.ts'
import type { Carrier } from '../sessions/contracts/carrier.ts'
import type { MediaTransport } from '../sessions/contracts/media-transport.ts'
import type { Transfers } from '../sessions/transfers.ts'
import type { LiveAudio } from './live-audio.ts'
import type { LiveLevels } from './live-levels.ts'
import type { OperatorAuth } from './operator-auth.ts'

/** One of the doctor's checks, and what it found. */
export interface DoctorResult {
  readonly name: string
  readonly findings: readonly {
    readonly status: 'ok' | 'warning' | 'fault' | 'skipped'
    readonly message: string
    readonly fix?: string
  }[]
}

export interface RouteOptions {
  readonly control: CallControl
  readonly registry: CallRegistry
  readonly operations: CallOperations
  readonly transfers: Transfers
  readonly machines: AnsweringMachines
  readonly outbound: OutboundGuard
  readonly events: CallEvents
  readonly liveAudio: LiveAudio
  readonly levels: LiveLevels
  /** Says a text in the embedded voice: PCM16 mono at 16 kHz. */
  readonly speak: (text: string) => Promise<Int16Array>
  readonly metrics: Metrics
  readonly tokens: MediaTokens
  readonly guard: AddressGuard
  readonly auth: OperatorAuth
  /** Whether the database can be asked, now or within seconds. */
  readonly storeReady: () => Promise<boolean>
  readonly storeHealth: () => StoreHealth
  /** Whether all that has happened so far is in the database, at once or within `deadlineMs`. */
  readonly storeCaughtUp: (deadlineMs: number) => Promise<boolean>
  readonly calls: PostgresCallStore
  readonly agents: AgentStore
  /** What an agent must be beyond the shape of its fields, and what is shown of it. */
  readonly agentRules: AgentRules
  readonly agentVersions: AgentVersions
  /** What a new agent has where its maker said nothing. */
  readonly newAgent: AgentFields
  readonly products: ProductStore
  readonly usage: UsageReport
  readonly followUp: Omit<FollowUp, 'close'>
  /** How fast calls were answered, and why calls came to nothing. */
  readonly report: ServiceReport
  readonly tapes: TapeShelf
  /** Name of this process among those on the same database. */
  readonly replicaId: string
  /** Examines configuration, network and accounts, as `npm run doctor` does. */
  readonly examine: () => Promise<readonly DoctorResult[]>
  readonly agentById: (id: string) => Promise<AgentProfile | null>
  /** The other replicas behind the same load balancer; null: this process is alone. */
  readonly replicas: Replicas | null
  /** A carrier's socket with short cuts for what its calls are full of; `raw` is what it was upgraded from. */
  readonly directSocket: (socket: WebSocket, raw: Duplex) => SocketLike
  /** Makes the transport of a media socket in the tick in which it opened. */
  readonly attachMedia: (socket: SocketLike, held: HeldCall) => MediaTransport
  /** The same in Twilio's dialect; `admit` decides, once the stream has named its token, before anything is heard. */
  readonly attachTwilioMedia: (
    socket: SocketLike,
    held: HeldCall,
    admit: (stream: TwilioStream) => Promise<boolean>
  ) => MediaTransport
  /** null where no Telnyx key is configured. */
  readonly telnyx: {
    readonly carrier: Carrier
    readonly webhooks: TelnyxWebhooks
    /** What a refused dial means, by the `detail` of its CallError. */
    readonly explainRefusal: (detail: string | null) => DialRefusal
  } | null
  /** null where no Twilio key is configured. */
  readonly twilio: { readonly carrier: TwilioCarrier; readonly signatures: TwilioSignatures } | null
  /** Origin for media sockets, `wss://host`; null where no public address is set. */
  readonly mediaOrigin: string | null
  /** Epoch milliseconds. */
  readonly now: () => number
}
