import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, describe, it } from 'node:test'
import { parseDialogue } from '../../../../services/engines/local/dialogue-file.ts'
import { RECEPTIONIST_PATH, receptionist, TextCall, THURSDAY_NOON } from './receptionist.ts'

let shipped = ''
before(async () => {
  shipped = await readFile(RECEPTIONIST_PATH, 'utf8')
})

describe('a dialogue file', () => {
  const faults: [string, (text: string) => string, RegExp][] = [
    ['that is not YAML', (text) => `${text}\n  - [`, /can't be used:\n/],
    [
      'without prompts',
      (text) => text.replace(/^prompts:[\s\S]*/m, ''),
      /must have required propert.*prompts/
    ],
    [
      'with a word that nothing knows',
      (text) => text.replace('  thanks:\n', '  thanks:\n    sing: [la]\n'),
      /\/intents\/thanks .*additional.*sing/
    ],
    [
      'with an empty list of phrases',
      (text) => text.replace(/( {2}human:\n.*\n {4}phrases:)\n( {6}- .*\n)+/, '$1 []\n'),
      /\/intents\/human\/phrases must not have fewer than 1 items/
    ],
    [
      'that says a value it can not know',
      (text) => text.replace('We are at {address}.', 'We are at {planet}.'),
      /\/intents\/address says \{planet\}; expected a fact, a slot or a field/
    ],
    [
      'that listens for a slot that is not there',
      (text) => text.replace('order [number] {order_number}', 'order [number] {ordre}'),
      /there is no slot \{ordre\}/
    ],
    [
      'that uses a fragment that is not there',
      (text) => text.replace('<please_tell> when you are open', '<tell> when you are open'),
      /there is no fragment <tell>/
    ],
    [
      'with a capital in a phrase',
      (text) => text.replace('when you are open', 'When you are open'),
      /"<please_tell> When you are open" holds "W"; expected lower-case words/
    ],
    [
      'with a bracket that is not closed',
      (text) => text.replace('hold on', 'hold [on'),
      /\/hold|hold \[on|Unterminated group/
    ],
    [
      'with one key for two intents',
      (text) => text.replace('key: "2"', 'key: "1"'),
      /\/intents\/book_table\/key must be a key of its own; opening_hours has it already/
    ],
    [
      'that looks records up that are not there',
      (text) => text.replace('{ records: orders,', '{ records: parcels,'),
      /\/intents\/order_status\/lookup\/records must name one of the records/
    ]
  ]
  for (const [name, spoil, expected] of faults) {
    it(`${name} is refused with the place and what was expected`, () => {
      const spoilt = spoil(shipped)
      assert.notEqual(spoilt, shipped, 'the fault has not been made')
      assert.throws(
        () => parseDialogue(spoilt, { name: 'mine.yaml', now: () => THURSDAY_NOON }),
        (error: Error) => {
          assert.match(error.message, /mine\.yaml/)
          assert.match(error.message, expected)
          return true
        }
      )
    })
  }

  it('lists every fault at once', () => {
    const spoilt = shipped.replace('key: "2"', 'key: "1"').replace('We are at {address}.', 'At {planet}.')
    assert.throws(
      () => parseDialogue(spoilt, { name: 'mine.yaml', now: () => THURSDAY_NOON }),
      /book_table\/key[\s\S]*planet|planet[\s\S]*book_table\/key/
    )
  })

  it('of another shop answers for that shop', () => {
    const text = `
facts: { greeting: good day }
records: { flowers: { rose: { said: [roses, a rose], price: two pounds } } }
slots:
  flower: { type: choice, records: flowers, ask: [Which flower?], answers: ["{flower}"] }
intents:
  price:
    slots: [flower]
    lookup: { records: flowers, by: flower }
    phrases: ["how much [(is | are)] [{flower}]"]
    say: ["{flower}: {price}."]
prompts:
  notUnderstood: [What?]
  sorry: [Sorry.]
  keys: [No keys.]
  unknownKey: [No.]
  nothingToRepeat: [Nothing.]
  slower: [Slower.]
  faster: [Faster.]
  cancelled: [Over.]
`
    const call = new TextCall(parseDialogue(text, { name: 'flowers', now: () => THURSDAY_NOON }))
    assert.equal(call.say('how much is a rose'), 'Rose: two pounds.')
    assert.equal(call.say('how much'), 'Which flower?')
    assert.equal(call.say('roses'), 'Rose: two pounds.')
  })

  it('can have its tool answer with the fields of a result', async () => {
    const text = shipped
      .replace(
        '    say:\n      - "Your order {order_number} {status}."',
        `    tool:
      name: find_order
      arguments: { number: "{order_number}" }
      before: [One moment.]
      done: ["It {state}."]
      failed: [I can not look that up.]
    say:
      - "Your order {order_number} {status}."`
      )
      .replace('    lookup: { records: orders, by: order_number }\n', '')
      .replace(/Your order \{order_number\} \{status\}/, 'Order {order_number}')
    const script = parseDialogue(text, { name: 'mine.yaml', now: () => THURSDAY_NOON })
    const call = new TextCall(script, ['find_order'])
    const turn = call.dialogue.hear('where is my order one two three four', 1)
    assert.deepEqual(turn.tool, { name: 'find_order', arguments: '{"number":"1 2 3 4"}' })
    assert.equal(turn.say, 'One moment.')
    assert.equal(call.dialogue.toolResult('{"state":"has left"}')?.say, 'It has left.')
  })
})

describe('the shipped dialogue', () => {
  it('finds every phrase, in its shortest and its fullest form, as its own intent', async () => {
    const { data, phrases } = await receptionist()
    const faults: string[] = []
    for (const [name, intent] of Object.entries(data.intents)) {
      for (const pattern of intent.phrases) {
        for (const sentence of [sample(pattern, 'shortest'), sample(pattern, 'fullest')]) {
          const match = phrases.findIntent(sentence)
          if (match?.intent !== name || !match.whole)
            faults.push(`"${sentence}" of ${name} is ${match?.intent}`)
        }
      }
    }
    assert.deepEqual(faults, [])
    function sample(pattern: string, form: 'shortest' | 'fullest'): string {
      return say(pattern, form, (kind, name) =>
        kind === 'fragment' ? data.fragments![name]! : SLOT_SAMPLES[data.slots[name]!.type]
      )
    }
  })
})

const SLOT_SAMPLES = {
  number: 'twelve',
  digits: 'one two three four',
  day: 'friday',
  time: 'half past seven',
  choice: 'lasagna'
}

/** One sentence of a pattern: without its optional parts and with the first of each choice, or with all and the last. */
function say(
  pattern: string,
  form: 'shortest' | 'fullest',
  lookUp: (kind: 'slot' | 'fragment', name: string) => string
): string {
  let text = pattern
    .replace(/<(\w+)>/g, (_, name) => `(${lookUp('fragment', name)})`)
    .replace(/\{(\w+)\}/g, (_, name) => lookUp('slot', name))
  for (let inner = innermost.exec(text); inner; inner = innermost.exec(text)) {
    const [whole, open, body = ''] = inner
    const choices = body.split('|')
    const chosen = form === 'shortest' ? choices[0]! : choices.at(-1)!
    text = text.replace(whole, open === '[' && form === 'shortest' ? ' ' : ` ${chosen} `)
  }
  return text.split('|')[0]!.replace(/\s+/g, ' ').trim()
}
const innermost = /([[(])([^[\]()]*)[\])]/
