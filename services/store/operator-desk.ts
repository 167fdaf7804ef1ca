import type pg from 'pg'
import { AgentStore } from './agent-store.ts'
import { AgentVersions } from './agent-versions.ts'
import { ProductStore } from './product-store.ts'
import { ServiceReport } from './service-report.ts'
import { UsageReport } from './usage-report.ts'

/** What the operator reads and writes in the database, beside calls. */
export function createOperatorDesk(pool: pg.Pool) {
  return {
    agents: new AgentStore(pool),
    agentVersions: new AgentVersions(pool),
    products: new ProductStore(pool),
    usage: new UsageReport(pool),
    report: new ServiceReport(pool)
  }
}
