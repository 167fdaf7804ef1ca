/**
 * Telnyx's end of a media stream, as the embedded server's other phones speak it: JSON text in snake_case; sequence
 * numbers, chunks and timestamps as strings; media stamped in samples (developers.telnyx.com, "Media streaming over
 * WebSockets").
 */
export class MediaStream {
  #socket
  #streamId = crypto.randomUUID()
  #callId
  #sequence = 0
  #chunk = 0
  #timestamp = 0

  /**
   * @param {object} options
   * @param {string} options.url of the media socket, with its token
   * @param {string} options.callId
   * @param {{ encoding: 'PCMU' | 'L16', rate: number }} options.format
   * @param {() => void} options.onOpen frames may be sent
   * @param {(payload: string) => void} options.onMedia base64
   * @param {(name: string) => void} options.onMark
   * @param {() => void} options.onClear
   * @param {() => void} options.onClose exactly once, and last
   */
  constructor({ url, callId, format, onOpen, onMedia, onMark, onClear, onClose }) {
    this.#callId = callId
    this.#socket = new WebSocket(url)
    this.#socket.addEventListener('open', () => {
      this.#send({ event: 'connected', version: '1.0.0' })
      const media_format = { encoding: format.encoding, sample_rate: format.rate, channels: 1 }
      this.#sendFrame('start', { start: { call_control_id: callId, media_format } })
      onOpen()
    })
    this.#socket.addEventListener('message', ({ data }) => {
      const frame = JSON.parse(data)
      if (frame.event === 'media') onMedia(frame.media.payload)
      else if (frame.event === 'mark') onMark(frame.mark.name)
      else if (frame.event === 'clear') onClear()
    })
    this.#socket.addEventListener('close', onClose)
  }

  /** @param {string} payload base64 @param {number} samples */
  sendMedia(payload, samples) {
    const media = {
      track: 'inbound',
      chunk: String(++this.#chunk),
      timestamp: String(this.#timestamp),
      payload
    }
    this.#timestamp += samples
    this.#sendFrame('media', { media })
  }

  /** A mark was reached. @param {string} name */
  sendMark(name) {
    this.#sendFrame('mark', { mark: { name } })
  }

  /** A key was pressed. @param {string} digit */
  sendDtmf(digit) {
    this.#sendFrame('dtmf', { occurred_at: new Date().toISOString(), dtmf: { digit } })
  }

  /** Puts the phone down. */
  hangUp() {
    this.#sendFrame('stop', { stop: { call_control_id: this.#callId } })
    this.#socket.close(1000)
  }

  /** @param {string} event @param {object} body */
  #sendFrame(event, body) {
    this.#send({ event, sequence_number: String(++this.#sequence), stream_id: this.#streamId, ...body })
  }

  /** @param {object} message */
  #send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message))
  }
}
