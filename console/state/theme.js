import { signal } from '@preact/signals'
import { stored } from './stored.js'

const kept = stored('localStorage', 'theme')
const page = document.documentElement

/** What is shown: the operator's choice, else the system's. @type {import('@preact/signals').Signal<'light' | 'dark'>} */
export const theme = signal(page.dataset.theme === 'dark' ? 'dark' : 'light')

/** @param {'light' | 'dark'} shown */
function show(shown) {
  page.dataset.theme = shown
  theme.value = shown
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', ({ matches }) => {
  if (kept.read() === null) show(matches ? 'dark' : 'light')
})

export function toggleTheme() {
  const shown = theme.value === 'dark' ? 'light' : 'dark'
  kept.write(shown)
  show(shown)
}
