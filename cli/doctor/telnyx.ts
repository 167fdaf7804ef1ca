import Telnyx from 'telnyx'
import type { Config, TelnyxConfig } from '../../services/config.ts'
import { ANSWER_DEADLINE_MS, type Check, type Finding, fault, ok, skipped, warning } from './check.ts'
import { networkCode, unreachable } from './network.ts'

type Application = NonNullable<Awaited<ReturnType<Telnyx['callControlApplications']['retrieve']>>['data']>

const WEBHOOK_PATHS = ['/api/calls/telnyx/webhook', '/telnyx/webhook']

/** The account at Telnyx: the key, the money, the application, its webhook, and the number that leads to it. */
export const telnyxAccount: Check = {
  name: 'Telnyx',
  async run({ config }) {
    if (!config.telnyx) return [skipped('TELNYX_API_KEY is not set.')]
    const client = createClient(config.telnyx)
    try {
      const money = await checkBalance(client)
      const application = await findApplication(client, config.telnyx, config)
      if ('status' in application) return [money, application]
      const numbers = await checkNumbers(client, application)
      return [money, ...checkApplication(application, config), numbers]
    } catch (error) {
      return [explain(error)]
    }
  }
}

function createClient({ apiKey, baseUrl }: TelnyxConfig): Telnyx {
  return new Telnyx({
    apiKey,
    timeout: ANSWER_DEADLINE_MS,
    maxRetries: 1,
    logLevel: 'off',
    ...(baseUrl ? { baseURL: baseUrl } : {})
  })
}

async function checkBalance(client: Telnyx): Promise<Finding> {
  const { data } = await client.balance.retrieve()
  const credit = Number(data?.available_credit ?? data?.balance)
  if (Number.isNaN(credit)) return ok('TELNYX_API_KEY is taken.')
  if (credit > 0) return ok('TELNYX_API_KEY is taken, and the account has credit.')
  return fault(
    'TELNYX_API_KEY is taken, but the account has no credit: calls are refused.',
    "Top it up in Telnyx's portal."
  )
}

/** The one of TELNYX_APPLICATION_ID, or else the one whose webhook leads here. */
async function findApplication(
  client: Telnyx,
  { applicationId }: TelnyxConfig,
  config: Config
): Promise<Application | Finding> {
  if (applicationId !== null) {
    const { data } = await client.callControlApplications.retrieve(applicationId).catch((error: unknown) => {
      if (error instanceof Telnyx.NotFoundError) return { data: undefined }
      throw error
    })
    return (
      data ?? fault('There is no application with the id of TELNYX_APPLICATION_ID in this account.', COPY_ID)
    )
  }
  for await (const application of client.callControlApplications.list()) {
    if (leadsHere(application.webhook_event_url, config)) return application
  }
  return fault(
    'No Call Control application of this account sends its webhooks here.',
    makeApplication(config)
  )
}

const COPY_ID = "Copy the id of your Voice API application from Telnyx's portal."

function makeApplication(config: Config): string {
  return `Make a Voice API application in Telnyx's portal, with the webhook ${webhookUrl(config)}, and set TELNYX_APPLICATION_ID to its id.`
}

function checkApplication(application: Application, config: Config): Finding[] {
  const name = `The application "${application.application_name ?? application.id}"`
  const findings: Finding[] = []
  if (application.active === false)
    findings.push(fault(`${name} is not active.`, "Activate it in Telnyx's portal."))
  if (!leadsHere(application.webhook_event_url, config)) {
    findings.push(
      fault(
        `${name} sends its webhooks elsewhere: ${application.webhook_event_url ?? 'nowhere'}.`,
        `Set its webhook URL to ${webhookUrl(config)}.`
      )
    )
  }
  if (application.webhook_api_version === '1') {
    findings.push(fault(`${name} sends webhooks of API v1.`, 'Set its webhook API version to v2.'))
  }
  if (findings.length === 0) findings.push(ok(`${name} sends its webhooks here.`))
  if (!application.outbound?.outbound_voice_profile_id) {
    findings.push(
      warning(
        `${name} has no outbound voice profile: calls that Offhook places are refused (D38).`,
        'Assign one to it if calls are to be placed; taking calls needs none.'
      )
    )
  }
  return findings
}

async function checkNumbers(client: Telnyx, { id }: Application): Promise<Finding> {
  const page = await client.phoneNumbers.list({ filter: { connection_id: id ?? '' }, 'page[size]': 1 })
  if (page.getPaginatedItems().length > 0) return ok('A number is assigned to the application.')
  return fault(
    'No number is assigned to the application, so nobody can call it.',
    "Assign one in Telnyx's portal, under Numbers."
  )
}

function webhookUrl({ publicUrl }: Config): string {
  return `${publicUrl?.origin ?? 'https://your-host'}${WEBHOOK_PATHS[0]}`
}

function leadsHere(url: string | undefined, { publicUrl }: Config): boolean {
  const target = URL.parse(url ?? '')
  return target !== null && target.origin === publicUrl?.origin && WEBHOOK_PATHS.includes(target.pathname)
}

function explain(error: unknown): Finding {
  const code = networkCode(error)
  if (code) return unreachable("Telnyx's API", code)
  if (error instanceof Telnyx.AuthenticationError || error instanceof Telnyx.PermissionDeniedError) {
    return fault('Telnyx does not take TELNYX_API_KEY.', "Make a new key in Telnyx's portal, under API Keys.")
  }
  const status = error instanceof Telnyx.APIError ? `HTTP ${error.status}` : String(error)
  return fault(
    `Telnyx's API does not answer as expected (${status}).`,
    'See status.telnyx.com, and TELNYX_BASE_URL if it is set.'
  )
}
