import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createMediaTokens } from '../../services/media-token.ts'
import { ManualClock } from '../support/manual-clock.ts'

function createRig(secret = 'a secret of the tests') {
  const clock = new ManualClock()
  return { clock, tokens: createMediaTokens({ secret, now: () => clock.now() }) }
}

describe('media tokens', () => {
  it('takes a token once', () => {
    const { tokens } = createRig()
    const token = tokens.mint('call')
    assert.equal(tokens.redeem(token, 'call'), null)
    assert.equal(tokens.redeem(token, 'call'), 'used')
  })

  it('takes a token up to its last millisecond, and not at 60 s', () => {
    const { tokens, clock } = createRig()
    const [early, late] = [tokens.mint('call'), tokens.mint('call')]
    clock.advance(59_999)
    assert.equal(tokens.redeem(early, 'call'), null)
    clock.advance(1)
    assert.equal(tokens.redeem(late, 'call'), 'expired')
  })

  it('refuses the token of another call, and keeps it good for its own', () => {
    const { tokens } = createRig()
    const token = tokens.mint('call')
    assert.equal(tokens.redeem(token, 'other'), 'forged')
    assert.equal(tokens.redeem(token, 'call'), null)
  })

  it('refuses a token made with another secret', () => {
    const stranger = createRig('another secret of the tests').tokens
    assert.equal(createRig().tokens.redeem(stranger.mint('call'), 'call'), 'forged')
  })

  it('says what is wrong with what is no token', () => {
    const { tokens } = createRig()
    assert.equal(tokens.redeem(null, 'call'), 'missing')
    assert.equal(tokens.redeem('', 'call'), 'missing')
    assert.equal(tokens.redeem('token', 'call'), 'malformed')
    assert.equal(tokens.redeem(`${tokens.mint('call')}.more`, 'call'), 'malformed')
  })

  it('makes tokens that go through an address unchanged', () => {
    const { tokens } = createRig()
    for (let i = 0; i < 100; i++) {
      const token = tokens.mint('call')
      assert.equal(encodeURIComponent(token), token)
    }
  })

  it('refuses a token of which any one character was changed, added or taken away', () => {
    const { tokens } = createRig()
    const alphabet = fc.constantFrom(...'ABCXYZabcxyz0189-_.=+/! ')
    fc.assert(
      fc.property(
        fc.nat(),
        alphabet,
        fc.constantFrom('change', 'add', 'take'),
        (position, character, operation) => {
          const token = tokens.mint('call')
          const at = position % token.length
          const rest = token.slice(operation === 'add' ? at : at + 1)
          const tampered = `${token.slice(0, at)}${operation === 'take' ? '' : character}${rest}`
          fc.pre(tampered !== token)
          assert.notEqual(tokens.redeem(tampered, 'call'), null)
        }
      ),
      { numRuns: 2000 }
    )
  })

  it('refuses whatever else it is given', () => {
    const { tokens } = createRig()
    fc.assert(
      fc.property(fc.string(), fc.string(), (token, call) => {
        assert.notEqual(tokens.redeem(token, call), null)
      })
    )
  })
})
