import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import wabt from 'wabt'

const AUDIO = path.resolve(import.meta.dirname, '..', '..', 'audio')
const SOURCE = path.join(AUDIO, 'resample-kernel.wat')
const CODE = path.join(AUDIO, 'resample-kernel-code.ts')

/** What the resampler's WebAssembly compiles to: the whole of `audio/resample-kernel-code.ts`. */
export async function compileKernel(): Promise<string> {
  const module = (await wabt()).parseWat(SOURCE, readFileSync(SOURCE, 'utf8'), { simd: true })
  const code = Buffer.from(module.toBinary({}).buffer).toString('base64')
  module.destroy()
  const lines = code.match(/.{1,100}/g) ?? []
  const text = lines.map((line) => `  '${line}'`).join(' +\n')
  return `/** What resample-kernel.wat compiles to, in base64. */\nexport const RESAMPLE_KERNEL =\n${text}\n`
}

/** What is there. */
export function keptKernel(): string {
  return readFileSync(CODE, 'utf8')
}

if (import.meta.main) writeFileSync(CODE, await compileKernel())
