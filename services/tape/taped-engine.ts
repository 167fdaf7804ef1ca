import type { EventEmitter } from 'node:events'
import type { AgentEngine } from '../../sessions/contracts/agent-engine.ts'
import type { CallTape } from '../../sessions/contracts/call-tape.ts'
import { ENGINE_EVENTS } from '../engines/engine-events.ts'
import { answerOf, type EngineAnswer, type EngineRequest, FramedEngine } from './framed-engine.ts'

/** An engine without a socket, with a tape running on its contract: the same to its session. */
export function tapedEngine(engine: AgentEngine, tape: CallTape): AgentEngine {
  const { name, transcribesAll, inputFormat, outputFormat } = engine
  const wire = tape.open('engine')
  const signal = new AbortController()
  let calls = 0
  /** Numbers of the calls under way, innermost last: an event that comes out of one belongs to it. */
  const underWay: number[] = []

  const framed = new FramedEngine({ name, transcribesAll, inputFormat, outputFormat, onRequest: pass })

  function pass(request: EngineRequest): void {
    wire.sent(JSON.stringify(request))
    calls += 1
    underWay.push(calls)
    try {
      carryOut(request)
    } finally {
      underWay.pop()
    }
  }

  function answer(value: EngineAnswer, emit: () => void): void {
    wire.received(JSON.stringify(value), underWay.at(-1))
    emit()
  }

  function carryOut(request: EngineRequest): void {
    switch (request.method) {
      case 'connect':
        engine.connect(signal.signal).then(
          () => answer({ event: 'ready' }, () => framed.receive({ event: 'ready' })),
          (error: unknown) => {
            const refusal = answerOf('refused', error instanceof Error ? error : new Error('refused'))
            answer(refusal, () => framed.receive(refusal))
          }
        )
        return
      case 'sendAudio':
        return engine.sendAudio(Buffer.from(request.payload, 'base64'))
      case 'sendDigit':
        return engine.sendDigit(request.digit)
      case 'interrupt':
        return engine.interrupt(request.heard, request.utteranceId)
      case 'dismiss':
        return engine.dismiss(request.utteranceId, request.unheard)
      case 'setPatience':
        return engine.setPatience(request.extraMs)
      case 'setTools':
        return engine.setTools(request.tools)
      case 'returnToolResult':
        return engine.returnToolResult(request.id, request.output, { reply: request.reply })
      case 'answer':
        return engine.answer(request.utteranceId, request.text)
      case 'remember':
        return engine.remember(request.text, request.whole)
      case 'greet':
        return engine.greet()
      case 'close':
        signal.abort()
        return engine.close()
      default:
        return engine[request.method](request.text)
    }
  }

  for (const event of ENGINE_EVENTS) {
    ;(engine as EventEmitter).on(event, (value: unknown) => {
      const frame = answerOf(event, value)
      answer(frame, () => framed.receive(frame))
    })
  }
  return framed
}
