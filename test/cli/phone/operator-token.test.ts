import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { findOperatorToken } from '../../../cli/phone/operator-token.ts'
import { PhoneError } from '../../../cli/phone/phone-error.ts'

describe('where the phone finds the operator token', () => {
  let cwd = ''

  before(() => {
    cwd = mkdtempSync(path.join(tmpdir(), 'phone-token-'))
    for (const folder of ['data', 'elsewhere']) {
      mkdirSync(path.join(cwd, folder))
      writeFileSync(path.join(cwd, folder, 'operator-token'), `kept-in-${folder}\n`)
    }
  })
  after(() => rmSync(cwd, { recursive: true }))

  it('prefers the option, then the environment, then .env, then what the server keeps', () => {
    const env = { OPERATOR_TOKEN: 'from-environment' }
    assert.equal(findOperatorToken({ given: 'given', env, cwd }), 'given')
    assert.equal(findOperatorToken({ given: null, env: {}, cwd }), 'kept-in-data')
    writeFileSync(path.join(cwd, '.env'), 'OPERATOR_TOKEN=from-file\n')
    assert.equal(findOperatorToken({ given: null, env, cwd }), 'from-environment')
    assert.equal(findOperatorToken({ given: null, env: {}, cwd }), 'from-file')
    writeFileSync(path.join(cwd, '.env'), 'DATA_DIR=elsewhere\n')
    assert.equal(findOperatorToken({ given: null, env: {}, cwd }), 'kept-in-elsewhere')
  })

  it('says what to do where there is none', () => {
    assert.throws(
      () => findOperatorToken({ given: null, env: { DATA_DIR: 'nowhere' }, cwd }),
      (error) => error instanceof PhoneError && /--token.*OPERATOR_TOKEN.*nowhere/s.test(error.message)
    )
  })
})
