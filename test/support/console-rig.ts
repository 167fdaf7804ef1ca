import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe } from 'node:test'
import { pino } from 'pino'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { wavHeader } from '../../audio/wav.ts'
import { type RunningServer, startServer } from '../../server.ts'
import { loadConfig } from '../../services/config.ts'
import { createVoice } from '../../services/speech/local-speech.ts'
import { fitTone } from './tone.ts'

const VOICE_RATE_HZ = 16_000
const KNOWN_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
/** Pictures of the views, to be looked at by people. */
const SCREENSHOTS = path.resolve(import.meta.dirname, '../console/screenshots')

const chromiumPath =
  process.env.CHROMIUM_PATH ?? KNOWN_PATHS.find((candidate) => existsSync(candidate)) ?? null

/** Tests in a real browser: skipped with a reason where there is none, but not where CI is set. */
export function describeInBrowser(name: string, tests: () => void): void {
  const missing = chromiumPath === null && process.env.CI !== 'true'
  const skip = missing && 'no Chromium here: install one, or set CHROMIUM_PATH'
  describe(name, { skip, timeout: 240_000 }, tests)
}

export interface ConsoleRig {
  readonly server: RunningServer
  readonly dataDir: string
  /** A page of its own context, signed in unless `token` is null. Whatever goes wrong in it is in `faults`. */
  open(options?: PageOptions): Promise<ConsolePage>
  close(): Promise<void>
}

/** `prepare`: before the page is fetched. */
export type PageOptions = BrowserContextOptions & {
  readonly token?: string | null
  readonly prepare?: (page: Page) => Promise<void>
}

export interface ConsolePage {
  readonly page: Page
  /** Errors of the page, and requests to anywhere but the server. */
  readonly faults: string[]
}

/** Notes each node that is connected to a loudspeaker, so that a test can hear what the operator would. */
const LISTEN_TO_LOUDSPEAKER = `
  const connect = AudioNode.prototype.connect
  globalThis.heard = []
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
      const analyser = new AnalyserNode(this.context, { fftSize: 16384, smoothingTimeConstant: 0 })
      connect.call(this, analyser)
      globalThis.heard.push(analyser)
    }
    return connect.call(this, target, ...rest)
  }`

/** The server with its embedded agent and database, and a Chromium whose microphone plays `microphone`, a WAV file. */
export async function startConsoleRig(options: { microphone?: string } = {}): Promise<ConsoleRig> {
  if (chromiumPath === null) throw new Error('There is no Chromium on this machine: set CHROMIUM_PATH')
  const dataDir = await mkdtemp(path.join(tmpdir(), 'offhook-console-'))
  const config = loadConfig({ PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataDir, DRAIN_SECONDS: '0' })
  const [server, browser] = await Promise.all([
    startServer(config, pino({ level: 'silent' })),
    launch(chromiumPath, options.microphone ?? null)
  ])

  async function open({ token = server.operatorToken, prepare, ...context }: PageOptions = {}) {
    const page = await (await browser.newContext({ locale: 'en-US', ...context })).newPage()
    const faults: string[] = []
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(`${message.text()} ${message.location().url}`)
    })
    page.on('request', (request) => {
      const { host, protocol } = new URL(request.url())
      const within = protocol === 'data:' || protocol === 'blob:'
      if (!within && host !== new URL(server.url).host) faults.push(`asked ${request.url()}`)
    })
    await page.addInitScript(LISTEN_TO_LOUDSPEAKER)
    await prepare?.(page)
    await page.goto(token === null ? server.url : `${server.url}/#token=${token}`)
    return { page, faults }
  }

  async function close(): Promise<void> {
    for (const context of browser.contexts()) await context.close()
    await browser.close()
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }

  return { server, dataDir, open, close }
}

function launch(executablePath: string, microphone: string | null): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      // Containers have little of that memory.
      '--disable-dev-shm-usage',
      '--autoplay-policy=no-user-gesture-required',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      ...(microphone ? [`--use-file-for-fake-audio-capture=${microphone}%noloop`] : [])
    ]
  })
}

/** Writes a WAV file in which somebody is silent first and then says `text`. */
export async function writeSpeech(
  file: string,
  { text, afterMs }: { text: string; afterMs: number }
): Promise<void> {
  const voice = await createVoice()
  try {
    const speech = await voice.synthesise(text, { voice: 'slt' })
    const lead = (afterMs * VOICE_RATE_HZ) / 1000
    const samples = new Int16Array(lead + speech.length + VOICE_RATE_HZ)
    samples.set(speech, lead)
    const header = wavHeader({ sampleRate: VOICE_RATE_HZ, channels: 1, dataBytes: samples.byteLength })
    await writeFile(file, Buffer.concat([header, Buffer.from(samples.buffer)]))
  } finally {
    await voice.close()
  }
}

/** The first value that is as it should be, asked for every 50 ms. */
export async function eventually<Value>(
  ask: () => Promise<Value>,
  isRight: (value: NonNullable<Value>) => boolean,
  what: string
): Promise<NonNullable<Value>> {
  const deadline = Date.now() + 15_000
  for (;;) {
    const value = await ask()
    if (value !== null && value !== undefined && isRight(value)) return value
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}; the last was ${value}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) })
}

/** The loudest frequency that the loudspeaker plays now, in Hz, and its level in dB; null while there is none. */
export async function loudestTone(page: Page): Promise<{ hz: number; db: number } | null> {
  return page.evaluate(`(() => {
    const analyser = globalThis.heard.at(-1)
    if (!analyser) return null
    const bins = new Float32Array(analyser.frequencyBinCount)
    analyser.getFloatFrequencyData(bins)
    const db = Math.max(...bins)
    if (!Number.isFinite(db)) return null
    return { hz: (bins.indexOf(db) * analyser.context.sampleRate) / analyser.fftSize, db }
  })()`)
}

/** How much louder this tone is than all else that the loudspeaker plays now, in dB; null while there is nothing. */
export async function toneSnrDb(page: Page, hz: number): Promise<number | null> {
  const heard = (await page.evaluate(`(() => {
    const analyser = globalThis.heard.at(-1)
    if (!analyser) return null
    const samples = new Float32Array(analyser.fftSize)
    analyser.getFloatTimeDomainData(samples)
    return { samples: [...samples], rate: analyser.context.sampleRate }
  })()`)) as { samples: number[]; rate: number } | null
  return heard && fitTone(heard.samples, heard.rate, hz).snrDb
}
