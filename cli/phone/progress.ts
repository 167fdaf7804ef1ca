import type { ServerEvent } from './call-events.ts'
import type { ScriptNote } from './script.ts'

export type ProgressLevel = 'call' | 'caller' | 'agent' | 'note'

/** Where live lines go: the text, and who or what it is about. */
export type ProgressSink = (level: ProgressLevel, text: string) => void

/** Tells a call while it happens: what the server reports, put into lines. */
export class Progress {
  readonly #tell: ProgressSink
  #agentText = ''

  constructor(tell: ProgressSink) {
    this.#tell = tell
  }

  call(text: string): void {
    this.#tell('call', text)
  }

  caller(text: string): void {
    this.#tell('caller', text)
  }

  note(text: string): void {
    this.#tell('note', text)
  }

  script(note: ScriptNote): void {
    if (note.type === 'agent_started') this.note('the agent is heard')
    else if (note.type === 'agent_paused') this.note('the agent has paused')
    else if (note.type === 'no_greeting') this.note(`no greeting within ${note.afterMs / 1000} s`)
    else this.note(`no reply within ${note.afterMs / 1000} s`)
  }

  server(event: ServerEvent): void {
    switch (event.type) {
      case 'transcript':
        return event.payload.speaker === 'agent'
          ? this.#agentSaid(event.payload.text)
          : this.note(`understood "${event.payload.text}"`)
      case 'turn.completed':
        return this.#flush()
      case 'turn.interrupted':
        this.#flush()
        return this.note(`the agent was interrupted after ${event.payload.heardMs} ms heard`)
      case 'tool.called': {
        const { tool, durationMs, ok } = event.payload
        return this.note(`tool ${tool} ${ok ? 'answered' : 'failed'} after ${Math.round(durationMs)} ms`)
      }
      case 'engine.failed':
        return this.note(`the engine failed (${event.payload.code})`)
      case 'call.ended':
        return this.#flush()
    }
  }

  /** Text comes in pieces, of a word or of sentences: a line is a sentence. */
  #agentSaid(delta: string): void {
    this.#agentText += delta
    if (/[.!?]["')]?\s*$/.test(this.#agentText)) this.#flush()
  }

  #flush(): void {
    const text = this.#agentText.trim()
    this.#agentText = ''
    if (text !== '') this.#tell('agent', text)
  }
}
