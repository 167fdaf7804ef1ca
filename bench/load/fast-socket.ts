import { type ClientOptions, WebSocket } from 'ws'

/** The load generator shares a machine with what it loads: no compression, no mask, no check of its own text. */
const OPTIONS: ClientOptions = {
  perMessageDeflate: false,
  skipUTF8Validation: true,
  // A mask of zeros is a mask (RFC 6455 section 5.3), and `ws` then spares itself the work.
  generateMask: (mask) => mask.fill(0)
}

export function openSocket(url: string): WebSocket {
  return new WebSocket(url, OPTIONS)
}
