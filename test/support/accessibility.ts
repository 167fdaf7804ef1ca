import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

/** What axe-core, with its rules of WCAG 2.2 A and AA, finds that keeps people out. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const violations = (await page.evaluate(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] })
      .then(({ violations }) => violations)`
  )) as Violation[]
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
}

/** What of the page is wider than the window; null where nothing is. */
export async function widerThanWindow(page: Page): Promise<string | null> {
  const [content, window] = (await page.evaluate(
    '[document.documentElement.scrollWidth, innerWidth]'
  )) as number[]
  return (content ?? 0) > (window ?? 0) ? `${content} px of content in ${window} px` : null
}
