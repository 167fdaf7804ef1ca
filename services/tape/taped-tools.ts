import type { Tool } from '../../sessions/contracts/tool.ts'

/** The same tools, and `onDone` hears what each run came back with, before anybody else; null: it failed. */
export function tapedTools(
  tools: readonly Tool[],
  onDone: (run: number, output: string | null) => void
): Tool[] {
  let runs = 0
  return tools.map((tool) => ({
    ...tool,
    async run(args, context) {
      runs += 1
      const run = runs
      try {
        const output = await tool.run(args, context)
        onDone(run, output)
        return output
      } catch (error) {
        onDone(run, null)
        throw error
      }
    }
  }))
}
