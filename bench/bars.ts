/** What was promised, and whether it was kept. */
export interface Bar {
  readonly name: string
  readonly measured: string
  readonly limit: string
  readonly passed: boolean
}

export class Bars {
  readonly all: Bar[] = []

  /** `value` must not be above `limit`; no value is no pass. */
  atMost(name: string, value: number | undefined, limit: number, unit = ''): void {
    const passed = value !== undefined && value <= limit
    const measured = value === undefined ? 'not measured' : `${Number(value.toFixed(3))}${unit}`
    this.all.push({ name, measured, limit: `at most ${Number(limit.toFixed(3))}${unit}`, passed })
  }

  get allPassed(): boolean {
    return this.all.every(({ passed }) => passed)
  }

  print(): void {
    const width = Math.max(...this.all.map(({ name }) => name.length))
    for (const { name, measured, limit, passed } of this.all)
      console.log(`${passed ? 'PASS' : 'FAIL'}  ${name.padEnd(width)}  ${measured} (${limit})`)
  }
}
