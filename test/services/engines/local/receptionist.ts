import { fileURLToPath } from 'node:url'
import { Dialogue } from '../../../../services/engines/local/dialogue.ts'
import { type DialogueScript, loadDialogue } from '../../../../services/engines/local/dialogue-file.ts'

/** Noon on Thursday 16 November 2023, UTC. */
export const THURSDAY_NOON = Date.UTC(2023, 10, 16, 12)

export const RECEPTIONIST_PATH = fileURLToPath(
  new URL('../../../../services/engines/local/receptionist.yaml', import.meta.url)
)

export function receptionist(): Promise<DialogueScript> {
  return loadDialogue(RECEPTIONIST_PATH, { now: () => THURSDAY_NOON })
}

/** A call with the receptionist, in text. */
export class TextCall {
  readonly dialogue: Dialogue

  constructor(script: DialogueScript, tools: readonly string[] = ['end_call']) {
    this.dialogue = new Dialogue({ script, tools: new Set(tools) })
  }

  /** What the agent answers to a sentence that was recognised without doubt. */
  say(text: string): string {
    return this.dialogue.hear(text, 1).say
  }

  /** What the agent says to the last of these keys; null while it waits for more. */
  press(keys: string): string | null {
    return [...keys].map((key) => this.dialogue.digit(key)).at(-1)?.say ?? null
  }

  mumble(): string {
    return this.dialogue.hear('', 0).say
  }
}
