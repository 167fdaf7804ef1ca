import { RESAMPLE_KERNEL } from './resample-kernel-code.ts'

/** Samples that one call of `filterSamples` takes: 20 ms at the highest rate, so that a frame is one block. */
export const BLOCK_SAMPLES = 480

/** The most samples of a stream's past that a filter looks at: 96 taps, less the new sample. */
const MOST_HISTORY = 96
/** Outputs of a block, from 8 to 24 kHz. */
const MOST_OUTPUT = 3 * BLOCK_SAMPLES
const TAPS_AT_ONCE = 16

interface KernelExports {
  readonly memory: WebAssembly.Memory
  widen(from: number, to: number, samples: number): void
  filter(
    taps: number,
    tapBytes: number,
    up: number,
    down: number,
    copy: number,
    phase: number,
    window: number,
    windowEnd: number,
    out: number
  ): number
}

const kernel = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(RESAMPLE_KERNEL, 'base64')), {})
  .exports as unknown as KernelExports

// One memory of 64 KB for all calls: each lays its samples in, and takes what comes out, before the next one's turn.
const INPUT = 0
const WINDOW = INPUT + 2 * (MOST_HISTORY + BLOCK_SAMPLES)
const OUTPUT = WINDOW + 4 * (MOST_HISTORY + BLOCK_SAMPLES)
const TAPS = OUTPUT + 2 * MOST_OUTPUT
const { buffer } = kernel.memory

/** A stream's last samples, then the new ones. */
export const kernelInput = new Int16Array(buffer, INPUT, MOST_HISTORY + BLOCK_SAMPLES)
/** What came out of the last block. */
export const kernelOutput = new Int16Array(buffer, OUTPUT, MOST_OUTPUT)

let tapsEnd = TAPS

/** A filter in the kernel's memory; rates are multiplied by `up` and divided by `down`. */
export interface KernelFilter {
  readonly up: number
  readonly down: number
  readonly taps: number
  readonly tapBytes: number
  /** Bytes into the window where phase 0 finds the sample that it gives as it is; -1 where it is like the others. */
  readonly copy: number
  /** Samples of the past that it looks at. */
  readonly history: number
}

/**
 * Keeps the taps of a filter for good. `phases`: as many as `up`, each as long as the others, a multiple of 16 taps.
 * `copyTap`: the one tap of phase 0 that is not zero, or null. Throws a RangeError where there is no room.
 */
export function keepFilter(parts: {
  up: number
  down: number
  phases: readonly Float64Array[]
  copyTap: number | null
}): KernelFilter {
  const { up, down, phases, copyTap } = parts
  const taps = phases[0].length
  if (taps % TAPS_AT_ONCE !== 0 || taps > MOST_HISTORY) throw new RangeError(`No filter of ${taps} taps`)
  const kept = new Float32Array(buffer, tapsEnd, up * taps)
  for (const [phase, values] of phases.entries()) kept.set(values, phase * taps)
  tapsEnd += kept.byteLength
  return {
    ...{ up, down, taps: kept.byteOffset, tapBytes: 4 * taps },
    ...{ copy: copyTap === null ? -1 : 4 * copyTap, history: taps - 1 }
  }
}

/**
 * Filters the first `history + length` samples of `kernelInput` to `kernelOutput` and tells how many came out.
 * `position`: of the first output, in steps of 1 / (up x input rate) from the first new sample.
 */
export function filterSamples(filter: KernelFilter, length: number, position: number): number {
  const { up, down, taps, tapBytes, copy, history } = filter
  kernel.widen(INPUT, WINDOW, history + length)
  const phase = position % up
  const window = WINDOW + (4 * (position - phase)) / up
  const end = kernel.filter(taps, tapBytes, up, down, copy, phase, window, WINDOW + 4 * length, OUTPUT)
  return (end - OUTPUT) >> 1
}
