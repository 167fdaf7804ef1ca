export type TemplateValues = Readonly<Record<string, string>>

/**
 * Fills `{name}` with its value. `[text with {name}]` is left out when a value in it is missing:
 * "A table[ for {party_size}][ {day}]." The result begins with a capital and has single blanks.
 */
export function fillTemplate(template: string, values: TemplateValues): string {
  const filled = template
    .replace(/\[([^\]]*)\]/g, (_, part: string) =>
      templateNames(part).every((name) => values[name]) ? part : ''
    )
    .replace(/\{([a-z_]+)\}/g, (_, name: string) => values[name] ?? '')
    .replace(/\s+/g, ' ')
    .trim()
  return filled.replace(
    /(^|[.!?] )([a-z])/g,
    (_, before: string, letter: string) => before + letter.toUpperCase()
  )
}

/** Names in braces. */
export function templateNames(template: string): string[] {
  return [...template.matchAll(/\{([a-z_]+)\}/g)].map((match) => match[1]!)
}
