import type { Tool } from '../../sessions/contracts/tool.ts'

/**
 * The same tools, and `onDone` hears what each run came back with, before anybody else; null: it failed. `nextRun`
 * numbers the runs of a call.
 */
export function tapedTools(
  tools: readonly Tool[],
  nextRun: () => number,
  onDone: (run: number, output: string | null) => void
): Tool[] {
  return tools.map((tool) => ({
    ...tool,
    async run(args, context) {
      const run = nextRun()
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
