/** Test tones, and how well one survived: by a least-squares fit at its exact frequency, so no window and no FFT bins. */

export interface Sine {
  frequencyHz: number
  sampleRate: number
  ms: number
  /** Peak, in 16-bit units. */
  amplitude?: number
  /** Radians at the first sample. */
  phase?: number
}

export function sine({ frequencyHz, sampleRate, ms, amplitude = 10_000, phase = 0 }: Sine): Int16Array {
  const step = (2 * Math.PI * frequencyHz) / sampleRate
  const length = Math.round((ms * sampleRate) / 1000)
  return Int16Array.from({ length }, (_, i) => Math.round(amplitude * Math.sin(step * i + phase)))
}

export interface ToneFit {
  /** Peak of the fitted tone, in 16-bit units. */
  amplitude: number
  /** Constant part, in 16-bit units. */
  offset: number
  /** Power of the fitted tone over the power of all that is neither it nor constant. */
  snrDb: number
}

/** The sine, cosine and constant that fit best. `samples` should hold several periods. */
export function fitTone(samples: ArrayLike<number>, sampleRate: number, frequencyHz: number): ToneFit {
  const step = (2 * Math.PI * frequencyHz) / sampleRate
  const basis = (i: number): Vector => [Math.sin(step * i), Math.cos(step * i), 1]
  const moments: [Vector, Vector, Vector] = [zero(), zero(), zero()]
  const projection = zero()
  for (let i = 0; i < samples.length; i++) {
    const row = basis(i)
    for (let j = 0; j < 3; j++) {
      projection[j] += row[j] * samples[i]
      for (let k = 0; k < 3; k++) moments[j][k] += row[j] * row[k]
    }
  }
  const [s, c, offset] = solve(moments, projection)
  let tonePower = 0
  let restPower = 0
  for (let i = 0; i < samples.length; i++) {
    const [sin, cos] = basis(i)
    const tone = s * sin + c * cos
    tonePower += tone ** 2
    restPower += (samples[i] - tone - offset) ** 2
  }
  return { amplitude: Math.hypot(s, c), offset, snrDb: 10 * Math.log10(tonePower / restPower) }
}

/** Signal-to-noise ratio of a tone of exactly this frequency. */
export function toneSnrDb(samples: ArrayLike<number>, sampleRate: number, frequencyHz: number): number {
  return fitTone(samples, sampleRate, frequencyHz).snrDb
}

type Vector = [number, number, number]

function zero(): Vector {
  return [0, 0, 0]
}

/** Cramer's rule. */
function solve(m: [Vector, Vector, Vector], v: Vector): Vector {
  const whole = determinant(m)
  const solution = zero()
  for (let column = 0; column < 3; column++) {
    const replaced = m.map((row, i) => row.with(column, v[i])) as [Vector, Vector, Vector]
    solution[column] = determinant(replaced) / whole
  }
  return solution
}

function determinant([a, b, c]: [Vector, Vector, Vector]): number {
  return (
    a[0] * (b[1] * c[2] - b[2] * c[1]) -
    a[1] * (b[0] * c[2] - b[2] * c[0]) +
    a[2] * (b[0] * c[1] - b[1] * c[0])
  )
}
