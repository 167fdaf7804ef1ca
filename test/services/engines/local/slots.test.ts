import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SlotData } from '../../../../services/engines/local/dialogue-schema.ts'
import { createSlot, type Slot } from '../../../../services/engines/local/slots.ts'
import { numberOf, wordsOf } from '../../../../services/engines/local/spoken-numbers.ts'

const asked = { ask: ['?'], answers: ['x'] }
/** On a Saturday. */
function slotOf(data: SlotData): Slot {
  return createSlot(data, {
    records: { drinks: { tea: { said: ['tea', '[a] cup of tea'], name: 'our tea' } } },
    weekday: () => 6
  })
}

describe('numbers', () => {
  it('survive words and back, from 0 to 99', () => {
    for (let n = 0; n < 100; n++) assert.equal(numberOf(wordsOf(n)), n)
  })

  it('are nothing but numbers', () => {
    for (const words of ['', 'hundred', 'twenty zero', 'one two', 'twenty one two'])
      assert.equal(numberOf(words), null, words)
  })

  it('stay within their bounds, by voice and by keys', () => {
    const slot = slotOf({ type: 'number', min: 2, max: 20, ...asked })
    assert.deepEqual(slot.parse('twelve'), { key: '12', spoken: 'twelve' })
    assert.equal(slot.parse('one'), null)
    assert.equal(slot.parse('thirty'), null)
    assert.deepEqual(slot.parseKeys('20'), { key: '20', spoken: 'twenty' })
    assert.equal(slot.parseKeys('21'), null)
    assert.deepEqual(['1', '2', '3', '12'].map(slot.keysComplete), [false, false, true, true])
  })
})

describe('digits', () => {
  const slot = slotOf({ type: 'digits', minLength: 4, maxLength: 6, ...asked })
  it('are read one by one', () => {
    assert.deepEqual(slot.parse('one oh zero nine'), { key: '1009', spoken: '1 0 0 9' })
    assert.equal(slot.parse('one two three'), null)
    assert.equal(slot.parseKeys('123'), null)
    assert.equal(slot.parseKeys('12345')?.key, '12345')
    assert.equal(slot.keysComplete('12345'), false)
    assert.equal(slot.keysComplete('123456'), true)
  })
})

describe('days', () => {
  const slot = slotOf({ type: 'day', ...asked })
  it('are weekdays, by name and from today on', () => {
    assert.deepEqual(slot.parse('this wednesday'), { key: 'wednesday', spoken: 'on Wednesday' })
    assert.deepEqual(slot.parse('today'), { key: 'saturday', spoken: 'today' })
    assert.deepEqual(slot.parse('tonight'), { key: 'saturday', spoken: 'tonight' })
    assert.deepEqual(slot.parse('tomorrow evening'), { key: 'sunday', spoken: 'tomorrow' })
  })

  it('are keyed from Monday to Sunday', () => {
    assert.deepEqual(
      ['1', '7', '8'].map((key) => slot.parseKeys(key)?.key),
      ['monday', 'sunday', undefined]
    )
  })
})

describe('times', () => {
  const slot = slotOf({ type: 'time', from: '11:00', to: '21:30', ...asked })
  const times: [string, string | undefined, string?][] = [
    ['seven', '19:00', 'seven in the evening'],
    ["seven o'clock", '19:00'],
    ['half past seven', '19:30', 'seven thirty in the evening'],
    ['quarter to seven', '18:45'],
    ['quarter past twelve', '12:15', 'twelve fifteen in the afternoon'],
    ['twelve forty five', '12:45'],
    ['eleven', '11:00', 'eleven in the morning'],
    ['noon', '12:00', 'noon'],
    ['one p.m.', '13:00'],
    ['nine in the evening', '21:00'],
    ['nine in the morning', undefined],
    ['midnight', undefined],
    ['ten', undefined]
  ]
  for (const [words, key, spoken] of times) {
    it(`"${words}" is ${key ?? 'outside of the hours'}`, () => {
      const value = slot.parse(words)
      assert.equal(value?.key, key)
      if (spoken) assert.equal(value?.spoken, spoken)
    })
  }

  it('are keyed as hours', () => {
    assert.equal(slot.parseKeys('7')?.key, '19:00')
    assert.equal(slot.parseKeys('19')?.key, '19:00')
    assert.equal(slot.parseKeys('9')?.key, '21:00')
    assert.equal(slot.parseKeys('23'), null)
    assert.equal(slot.parseKeys('0'), null)
  })
})

describe('choices', () => {
  const slot = slotOf({ type: 'choice', records: 'drinks', ...asked })
  it('are known by every way to say them, and read by their name', () => {
    assert.deepEqual(slot.parse('a cup of tea'), { key: 'tea', spoken: 'our tea' })
    assert.equal(slot.parse('a cup'), null)
    assert.equal(slot.takesKeys, false)
  })
})
