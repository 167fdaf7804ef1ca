import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { errors, instant, nullable, operator, pageOf } from './api-schemas.ts'
import type { DoctorResult, RouteOptions } from './route-options.ts'
import { requireStore } from './store-admission.ts'

const tags = ['health']
/** An examination knocks at every door; those who ask within this time are told the same. */
const KEPT_MS = 10_000
const DAY_MS = 24 * 60 * 60 * 1000

const examination = Type.Object(
  {
    examined_at: instant,
    ok: Type.Boolean({ description: 'whether there is no fault' }),
    checks: Type.Array(
      Type.Object({
        name: Type.String(),
        findings: Type.Array(
          Type.Object({
            status: Type.Enum(['ok', 'warning', 'fault', 'skipped']),
            message: Type.String(),
            fix: Type.Optional(Type.String({ description: 'what mends it' }))
          })
        )
      })
    )
  },
  { title: 'Examination' }
)
const sample = Type.Object({
  at: instant,
  live_calls: Type.Integer(),
  event_loop_p50_ms: Type.Number({ description: 'how late the process was for its timers' }),
  event_loop_p99_ms: Type.Number(),
  event_loop_utilization: Type.Number({ description: 'part of the time in which there was work, 0 to 1' }),
  store_pending: Type.Integer({ description: 'records not yet in the database' }),
  memory_bytes: Type.Integer()
})
const replica = Type.Object({
  replica_id: Type.String(),
  this_one: Type.Boolean({ description: 'whether it is the one that answers this request' }),
  live_calls: Type.Integer(),
  calls: Type.Integer({ description: 'that began in the last day' }),
  last_seen_at: nullable(instant)
})

/** What ails this server, how busy it is, and who else serves beside it. */
export async function doctorRoutes(app: FastifyInstance, options: RouteOptions): Promise<void> {
  app.addHook('onRequest', options.auth.require)
  app.get(
    '/api/doctor',
    {
      schema: {
        ...operator,
        tags,
        summary:
          'Examines configuration, network, database, disk and accounts, and says what mends each fault',
        response: { 200: examination, ...errors(401) }
      }
    },
    createExamination(options)
  )

  app.get(
    '/api/load',
    {
      schema: {
        ...operator,
        tags,
        summary: 'Tells how busy this process was in the last hour, every 5 seconds, the oldest first',
        response: { 200: pageOf(sample), ...errors(401) }
      }
    },
    async () => ({ data: options.metrics.load(), next: null })
  )

  app.get(
    '/api/replicas',
    {
      preHandler: requireStore(options),
      schema: {
        ...operator,
        tags,
        summary: 'Lists the processes that had calls in the last day, this one first',
        response: { 200: pageOf(replica), ...errors(401, 503) }
      }
    },
    async () => ({ data: await listReplicas(options), next: null })
  )
}

async function listReplicas({ report, registry, replicaId, now }: RouteOptions) {
  const rows = await report.replicas(new Date(now() - DAY_MS))
  const own = rows.find((row) => row.replica_id === replicaId)
  const here = {
    replica_id: replicaId,
    this_one: true,
    live_calls: registry.size,
    calls: own?.calls ?? 0,
    last_seen_at: new Date(now())
  }
  const others = rows.filter((row) => row !== own).map((row) => ({ ...row, this_one: false }))
  return [here, ...others]
}

/** One examination at a time, however many ask. */
function createExamination({ examine, now }: RouteOptions) {
  let last: { at: number; told: Promise<object> } | null = null
  return () => {
    if (last === null || now() - last.at > KEPT_MS) {
      const told = examine().then((checks) => tell(checks, now()))
      last = { at: now(), told }
      told.catch(() => {
        last = null
      })
    }
    return last.told
  }
}

function tell(checks: readonly DoctorResult[], at: number): object {
  const faults = checks.flatMap(({ findings }) => findings).filter(({ status }) => status === 'fault')
  return { examined_at: new Date(at), ok: faults.length === 0, checks }
}
