import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compileKernel, keptKernel } from '../support/build-kernel.ts'

describe("the resampler's kernel", () => {
  it('is what its source compiles to', async () => {
    assert.equal(
      keptKernel(),
      await compileKernel(),
      'Run `npm run kernel` after a change of resample-kernel.wat'
    )
  })
})
