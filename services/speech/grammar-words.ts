/** The words that a JSGF grammar can recognise, each once, without its header, rule names, weights, tags and comments. */
export function grammarWords(grammar: string): string[] {
  const words = grammar
    .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ' ')
    .replace(/^\s*#JSGF[^;]*;|^\s*(?:grammar|import)\s[^;]*;/gm, ' ')
    .replace(/<[^>]*>|\{[^}]*\}|\/[\d.eE+-]+\//g, ' ')
    .replace(/\bpublic\b/g, ' ')
    .split(/[\s=;|()[\]*+"]+/)
  return [...new Set(words)].filter(Boolean)
}
