import { signal } from '@preact/signals'
import { levelOf, rms } from '../audio/level.js'
import { MediaStream } from '../audio/media-stream.js'
import { MicrophoneError, openMicrophone } from '../audio/microphone.js'
import { PhoneLine } from '../audio/phone-line.js'
import { createWireCodec } from '../audio/wire-codec.js'
import { api, request } from '../net/api.js'
import { callEvents } from '../net/call-events.js'
import { Conversation } from './conversation.js'
import { t } from './language.js'
import { LEVEL_MS, LevelHistory } from './level-history.js'

const FRAME_MS = 20
/** Levels are told as often as the server tells those of other calls. */
const FRAMES_PER_LEVEL = LEVEL_MS / FRAME_MS

/** @typedef {'idle' | 'asking' | 'connecting' | 'live' | 'ended'} Phase */
/** @typedef {{ encoding: 'PCMU' | 'L16', rate: number }} Format */

/** A phone in the page: one call at a time, by the socket that a carrier would use. Goes on while other views are open. */
class Softphone {
  /** @type {import('@preact/signals').Signal<Phase>} */
  phase = signal('idle')
  /** Why there is no call: a key of `talk.fault.…`, or what the server said. @type {import('@preact/signals').Signal<{ reason: string, text: string | null } | null>} */
  fault = signal(null)
  muted = signal(false)
  /** Whether the caller types, for want of a microphone. */
  typing = signal(false)
  /** When the call began, epoch ms. @type {import('@preact/signals').Signal<number | null>} */
  startedAt = signal(null)
  /** @type {import('@preact/signals').Signal<string | null>} */
  callId = signal(null)
  conversation = signal(new Conversation())
  levels = new LevelHistory()
  /** @type {PhoneLine | null} */
  #line = null
  /** @type {MediaStream | null} */
  #stream = null
  #stopEvents = () => {}
  #peaks = { caller: 0, agent: 0, frames: 0 }
  /** Calls that were begun: what is awaited for one must not touch the next. */
  #calls = 0

  /**
   * Calls. With `typing`, without a microphone.
   *
   * @param {{ agentId: string, format: Format, typing?: boolean }} request
   */
  async call({ agentId, format, typing = false }) {
    if (this.phase.value !== 'idle' && this.phase.value !== 'ended') return
    const call = ++this.#calls
    this.#reset(typing)
    /** @type {globalThis.MediaStream | null} */
    let microphone = null
    try {
      if (!typing) microphone = await openMicrophone()
      if (call !== this.#calls) return release(microphone)
      this.phase.value = 'connecting'
      await this.#connect({ agentId, format, microphone })
    } catch (error) {
      release(microphone)
      if (call !== this.#calls) return
      this.#close()
      this.phase.value = 'idle'
      this.fault.value =
        error instanceof MicrophoneError
          ? { reason: error.reason, text: null }
          : { reason: 'server', text: error instanceof Error ? error.message : String(error) }
    }
  }

  hangUp() {
    this.#stream?.hangUp()
    this.#ended()
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.muted.value = muted
    this.#line?.mute(muted)
  }

  /** @param {string} digit */
  press(digit) {
    this.#stream?.sendDtmf(digit)
  }

  /** Says in the caller's place what was typed. @param {string} text */
  async say(text) {
    const response = await request('POST', '/api/speech', { body: { text } })
    await this.#line?.say(await response.arrayBuffer())
  }

  /** @param {boolean} typing */
  #reset(typing) {
    this.#stopEvents()
    this.fault.value = null
    this.muted.value = false
    this.typing.value = typing
    this.callId.value = null
    this.startedAt.value = null
    this.conversation.value = new Conversation()
    this.levels = new LevelHistory()
    this.phase.value = typing ? 'connecting' : 'asking'
  }

  /** @param {{ agentId: string, format: Format, microphone: globalThis.MediaStream | null }} call */
  async #connect({ agentId, format, microphone }) {
    const codec = createWireCodec(format.encoding)
    const line = await PhoneLine.open({
      rate: format.rate,
      microphone,
      onFrame: (frame, agentPeak) => {
        this.#stream?.sendMedia(codec.encode(frame), frame.length)
        this.#meter(frame, agentPeak)
      },
      onMarks: (names) => {
        for (const name of names) this.#stream?.sendMark(name)
      }
    })
    this.#line = line
    const conversation = this.conversation.value
    /** Events may come before the answer that says whose they are. @type {import('../net/call-events.js').CallEvent[]} */
    const early = []
    this.#stopEvents = callEvents.listen((event) => {
      if (this.callId.value === null) early.push(event)
      else if (event.payload.call_id === this.callId.value) conversation.take(event)
    })
    const { encoding: codecName, rate } = format
    const placed = await api.post('/api/calls/test', { codec: codecName, rate, agentId })
    if (this.#line !== line) return
    this.callId.value = placed.callId
    for (const event of early) if (event.payload.call_id === placed.callId) conversation.take(event)
    this.#stream = new MediaStream({
      url: mediaUrl(placed),
      callId: placed.callId,
      format,
      onOpen: () => {
        this.phase.value = 'live'
        this.startedAt.value = Date.now()
      },
      onMedia: (payload) => line.play(codec.decode(payload)),
      onMark: (name) => line.mark(name),
      onClear: () => line.clear(),
      onClose: () => {
        if (this.#line !== line) return
        if (this.startedAt.value === null) this.fault.value = { reason: 'server', text: t('talk.noStream') }
        this.#ended()
      }
    })
  }

  /** @param {Float32Array} frame @param {number} agentPeak */
  #meter(frame, agentPeak) {
    const peaks = this.#peaks
    peaks.caller = Math.max(peaks.caller, rms(frame))
    // Of a voice, the peak is about 10 dB above what it is on the whole.
    peaks.agent = Math.max(peaks.agent, agentPeak / 3)
    if (++peaks.frames < FRAMES_PER_LEVEL) return
    this.levels.push(levelOf(peaks.caller), levelOf(peaks.agent), performance.now())
    this.#peaks = { caller: 0, agent: 0, frames: 0 }
  }

  #ended() {
    this.#calls++
    this.#close()
    this.phase.value = this.startedAt.value === null ? 'idle' : 'ended'
  }

  /** The events of the call are heard until the next one: the last of them come after its end. */
  #close() {
    this.#stream = null
    this.#line?.close()
    this.#line = null
  }
}

/**
 * On the server that this page came from, whatever its public address is.
 *
 * @param {{ streamUrl: string, streamToken: string }} placed
 */
function mediaUrl({ streamUrl, streamToken }) {
  const { pathname, search } = new URL(streamUrl)
  const url = new URL(pathname + search, location.href)
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  url.searchParams.set('token', streamToken)
  return url.href
}

/** @param {globalThis.MediaStream | null} microphone */
function release(microphone) {
  for (const track of microphone?.getTracks() ?? []) track.stop()
}

export const softphone = new Softphone()
window.addEventListener('pagehide', () => {
  if (softphone.phase.value === 'live') softphone.hangUp()
})
