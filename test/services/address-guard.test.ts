import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAddressGuard } from '../../services/address-guard.ts'

describe('address guard', () => {
  it('blocks an address at its 20th refused attempt, for a minute, and no other', async ({ mock }) => {
    mock.timers.enable({ apis: ['Date', 'setTimeout'] })
    const guard = createAddressGuard()
    for (let attempt = 1; attempt < 20; attempt++) await guard.refused('192.0.2.1')
    assert.equal(await guard.blocked('192.0.2.1'), false)
    await guard.refused('192.0.2.1')
    assert.equal(await guard.blocked('192.0.2.1'), true)
    assert.equal(await guard.blocked('192.0.2.2'), false)
    mock.timers.tick(59_000)
    assert.equal(await guard.blocked('192.0.2.1'), true)
    mock.timers.tick(2_000)
    assert.equal(await guard.blocked('192.0.2.1'), false)
  })

  it('forgets attempts that are 10 s old', async ({ mock }) => {
    mock.timers.enable({ apis: ['Date', 'setTimeout'] })
    const guard = createAddressGuard()
    for (let attempt = 1; attempt < 20; attempt++) await guard.refused('192.0.2.1')
    mock.timers.tick(10_001)
    await guard.refused('192.0.2.1')
    assert.equal(await guard.blocked('192.0.2.1'), false)
  })

  it('knows nothing of an address that was never refused', async () => {
    assert.equal(await createAddressGuard().blocked('192.0.2.1'), false)
  })
})
