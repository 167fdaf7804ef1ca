import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createMediaTokens } from '../../services/media-token.ts'
import { ManualClock } from '../support/manual-clock.ts'

function createRig(secret = 'a secret of the tests') {
  const clock = new ManualClock()
  return { clock, tokens: createMediaTokens({ secret, now: () => clock.now(), claim: null }) }
}

describe('media tokens', () => {
  it('takes a token once', async () => {
    const { tokens } = createRig()
    const token = tokens.mint('call')
    assert.equal(await tokens.redeem(token, 'call'), null)
    assert.equal(await tokens.redeem(token, 'call'), 'used')
  })

  it('takes a token up to its last millisecond, and not at 60 s', async () => {
    const { tokens, clock } = createRig()
    const [early, late] = [tokens.mint('call'), tokens.mint('call')]
    clock.advance(59_999)
    assert.equal(await tokens.redeem(early, 'call'), null)
    clock.advance(1)
    assert.equal(await tokens.redeem(late, 'call'), 'expired')
  })

  it('refuses the token of another call, and keeps it good for its own', async () => {
    const { tokens } = createRig()
    const token = tokens.mint('call')
    assert.equal(await tokens.redeem(token, 'other'), 'forged')
    assert.equal(await tokens.redeem(token, 'call'), null)
  })

  it('refuses a token made with another secret', async () => {
    const stranger = createRig('another secret of the tests').tokens
    assert.equal(await createRig().tokens.redeem(stranger.mint('call'), 'call'), 'forged')
  })

  it('says what is wrong with what is no token', async () => {
    const { tokens } = createRig()
    assert.equal(await tokens.redeem(null, 'call'), 'missing')
    assert.equal(await tokens.redeem('', 'call'), 'missing')
    assert.equal(await tokens.redeem('token', 'call'), 'malformed')
    assert.equal(await tokens.redeem(`${tokens.mint('call')}.more`, 'call'), 'malformed')
  })

  it('makes tokens that go through an address unchanged', async () => {
    const { tokens } = createRig()
    for (let i = 0; i < 100; i++) {
      const token = tokens.mint('call')
      assert.equal(encodeURIComponent(token), token)
    }
  })

  it('refuses a token of which any one character was changed, added or taken away', async () => {
    const { tokens } = createRig()
    const alphabet = fc.constantFrom(...'ABCXYZabcxyz0189-_.=+/! ')
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        alphabet,
        fc.constantFrom('change', 'add', 'take'),
        async (position, character, operation) => {
          const token = tokens.mint('call')
          const at = position % token.length
          const rest = token.slice(operation === 'add' ? at : at + 1)
          const tampered = `${token.slice(0, at)}${operation === 'take' ? '' : character}${rest}`
          fc.pre(tampered !== token)
          assert.notEqual(await tokens.redeem(tampered, 'call'), null)
        }
      ),
      { numRuns: 2000 }
    )
  })

  it('refuses whatever else it is given', async () => {
    const { tokens } = createRig()
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (token, call) => {
        assert.notEqual(await tokens.redeem(token, call), null)
      })
    )
  })

  it('refuses a token that another replica has taken, and is as good as alone where nobody can be asked', async () => {
    const taken = new Set<string>()
    const now = () => 0
    const claim = async (key: string) => !taken.has(key) && taken.add(key) !== undefined
    const [here, there] = [1, 2].map(() => createMediaTokens({ secret: 'shared by both', now, claim }))
    const token = here.mint('call')
    assert.equal(await there.redeem(token, 'call'), null)
    assert.equal(await here.redeem(token, 'call'), 'used')
    const alone = createMediaTokens({ secret: 'shared', now, claim: () => Promise.reject(new Error('away')) })
    const other = alone.mint('call')
    assert.deepEqual([await alone.redeem(other, 'call'), await alone.redeem(other, 'call')], [null, 'used'])
  })
})
