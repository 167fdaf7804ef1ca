import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { DialogueScript } from '../../../../services/engines/local/dialogue-file.ts'
import { receptionist, TextCall } from './receptionist.ts'

let script: DialogueScript
before(async () => {
  script = await receptionist()
})

describe('answers', () => {
  const answers: [string, RegExp][] = [
    ['what are your opening hours', /^We are open every day from eleven/],
    ['when are you open', /^We are open every day/],
    ['hello when do you close please', /^We are open every day/],
    ['are you open on friday', /on Friday we are open from eleven .* to eleven in the evening/],
    ['are you open tomorrow', /tomorrow we are open .* to eleven/],
    ['are you open today', /today we are open .* to ten/],
    ['where are you', /12 Market Street/],
    ['what is your address', /12 Market Street/],
    ['do you have lasagna', /^Yes, we have the lasagna\. It is fourteen dollars/],
    ['how much is the pizza', /twelve dollars/],
    ['what do you serve', /pizza, lasagna/],
    ['where is my order one two three four', /^Your order 1 2 3 4 is on its way/],
    ['where is my order number five six seven eight', /^Your order 5 6 7 8 is ready/],
    ['where is my order nine nine nine nine', /can't find an order with the number 9 9 9 9/],
    ['hello', /How can I help you/],
    ['thank you', /welcome/],
    ['what can you do', /opening hours.*book a table.*order/],
    ['yes', /How can I help/],
    ['no thank you', /say goodbye/],
    ['hold on', /Take your time/]
  ]
  for (const [said, expected] of answers) {
    it(`"${said}"`, () => assert.match(new TextCall(script).say(said), expected))
  }

  it('says goodbye and ends the call', () => {
    const { say, tool } = new TextCall(script).dialogue.hear('goodbye', 1)
    assert.match(say, /Goodbye/)
    assert.deepEqual(tool, { name: 'end_call', arguments: '{}' })
  })

  it('varies what it says to the same words', () => {
    const call = new TextCall(script)
    assert.notEqual(call.say('thank you'), call.say('thank you'))
  })

  it('finds what is asked inside a longer sentence', () => {
    assert.match(new TextCall(script).say('uh listen what are your opening hours my friend'), /We are open/)
  })

  it('does not take a word in a sentence about something else for a wish', () => {
    assert.match(new TextCall(script).say('the goodbye party of my brother was nice'), /did not get that/)
  })
})

describe('booking a table', () => {
  it('asks only for what is missing, reads back and books', () => {
    const call = new TextCall(script)
    assert.equal(
      call.say('book a table for four people on friday'),
      'A table for four on Friday. At what time would you like to come?'
    )
    assert.equal(
      call.say('at half past seven'),
      'A table for four, on Friday, at seven thirty in the evening. Is that right?'
    )
    assert.match(call.say('yes please'), /put you down for a table for four, on Friday, at seven thirty/)
    assert.equal(call.dialogue.asking, false)
  })

  it('asks one question after the other', () => {
    const call = new TextCall(script)
    assert.equal(call.say('i would like to book a table'), 'For how many people?')
    assert.equal(call.say('six people'), 'A table for six. For which day?')
    assert.match(call.say('tomorrow'), /A table for six tomorrow\. At what time/)
  })

  it('takes everything at once, in any order', () => {
    const call = new TextCall(script)
    assert.match(
      call.say('can i make a reservation at seven on sunday for two'),
      /for two, on Sunday, at seven in the evening/
    )
  })

  it('takes a correction at the read-back', () => {
    const call = new TextCall(script)
    call.say('book a table for four people on friday at seven')
    assert.match(call.say('no'), /Tell me another day/)
    assert.match(call.say('make it five people'), /A table for five, on Friday, at seven/)
    assert.match(call.say('saturday at eight'), /A table for five, on Saturday, at eight/)
    assert.match(call.say('yes'), /put you down for a table for five, on Saturday/)
  })

  it('answers a question in passing and comes back to its own', () => {
    const call = new TextCall(script)
    call.say('book a table for four people on friday')
    const aside = call.say('are you open on friday')
    assert.match(aside, /on Friday we are open/)
    assert.match(aside, /At what time would you like to come\?$/)
    assert.match(call.say('at eight'), /A table for four, on Friday, at eight/)
  })

  it('says why a value can not be', () => {
    const call = new TextCall(script)
    assert.match(
      call.say('book a table for thirty people on friday'),
      /up to twenty people\. .*how many people/i
    )
    assert.match(call.say('twelve'), /A table for twelve/)
    assert.match(call.say('at three in the morning'), /between eleven in the morning.*time/)
  })

  it('gives up when told to', () => {
    const call = new TextCall(script)
    call.say('book a table')
    assert.match(call.say('never mind'), /start again/)
    assert.equal(call.dialogue.asking, false)
  })
})

describe('misunderstandings', () => {
  it('says what it can do, each time in other words, and then offers the keys', () => {
    const call = new TextCall(script)
    const said = [call.mumble(), call.mumble(), call.mumble()]
    assert.equal(new Set(said).size, 3)
    assert.match(said[0]!, /opening hours/)
    assert.match(said[2]!, /Press one for opening hours/)
  })

  it('starts counting again after it understood', () => {
    const call = new TextCall(script)
    call.mumble()
    call.mumble()
    call.say('hello')
    assert.doesNotMatch(call.mumble(), /Press one/)
  })

  it('does not believe a recognition without confidence', () => {
    assert.match(new TextCall(script).dialogue.hear('goodbye', 0.1).say, /did not get that/)
  })

  it('asks its question again, and then says how to answer with the keys', () => {
    const call = new TextCall(script)
    call.say('where is my order')
    assert.match(call.mumble(), /^Sorry.*order number|^Sorry.*number of your order/)
    call.mumble()
    assert.match(call.mumble(), /enter your order number with the keys/)
  })

  it('does not count an answer to a question that was not heard', () => {
    const call = new TextCall(script)
    const question = call.say('where is my order')
    call.dialogue.questionHeard = false
    assert.notEqual(question, '')
    assert.doesNotMatch(call.mumble(), /Sorry/)
    assert.equal(call.dialogue.questionHeard, true)
  })
})

describe('a question that was cut off', () => {
  it('is not confirmed by a yes', () => {
    const call = new TextCall(script)
    const question = call.say('book a table for four people on friday at seven')
    call.dialogue.questionHeard = false
    assert.equal(call.say('yes'), question)
    assert.match(call.say('yes'), /put you down/)
  })

  it('is not answered by what could answer another question', () => {
    const call = new TextCall(script)
    call.say('book a table for four people on friday')
    call.dialogue.questionHeard = false
    assert.match(call.say('seven'), /A table for four on Friday\. At what time|At what time/)
  })

  it('is answered by what answers no other', () => {
    const call = new TextCall(script)
    call.say('book a table for four people on friday')
    call.dialogue.questionHeard = false
    assert.match(call.say('at seven'), /A table for four, on Friday, at seven/)
  })
})

describe('repeating', () => {
  it('says the last reply again, whole', () => {
    const call = new TextCall(script)
    const reply = call.say('where is my order one two three four')
    assert.equal(call.say('can you repeat that'), reply)
    assert.equal(call.press('9'), reply)
  })

  it('repeats the greeting', () => {
    const call = new TextCall(script)
    call.dialogue.said('Hello, thank you for calling.')
    assert.equal(call.say('repeat that please'), 'Hello, thank you for calling.')
  })

  it('speaks slower, step by step up to a limit, and back', () => {
    const call = new TextCall(script)
    const reply = call.say('where are you')
    assert.equal(call.say('speak slower please'), `Of course. ${reply}`)
    assert.equal(call.dialogue.stretch, 1.25)
    for (let i = 0; i < 5; i++) call.say('slower')
    assert.equal(call.dialogue.stretch, 1.6)
    assert.equal(call.say('repeat that'), reply)
    for (let i = 0; i < 5; i++) call.say('faster')
    assert.equal(call.dialogue.stretch, 1)
  })
})

describe('keys', () => {
  it('open the menu', () => {
    const call = new TextCall(script)
    assert.match(call.press('1')!, /We are open/)
    assert.match(call.press('2')!, /how many people/)
    assert.match(call.press('*')!, /start again/)
    assert.match(call.press('3')!, /number of your order/)
  })

  it('explain themselves', () => {
    const call = new TextCall(script)
    assert.match(call.press('#')!, /Press one for opening hours/)
    assert.match(call.press('8')!, /does nothing here.*Press one/)
  })

  it('book a table without a word', () => {
    const call = new TextCall(script)
    call.press('2')
    assert.equal(call.press('4'), 'A table for four. For which day?')
    assert.match(call.press('5')!, /A table for four on Friday\. At what time/)
    assert.match(call.press('7')!, /A table for four, on Friday, at seven in the evening/)
    assert.match(call.press('1')!, /put you down/)
  })

  it('wait for a second digit where one may come', () => {
    const call = new TextCall(script)
    call.press('2')
    assert.equal(call.press('1'), null)
    assert.match(call.press('2')!, /A table for twelve/)
  })

  it('take a number as finished at # or after a pause', () => {
    const byPound = new TextCall(script)
    byPound.press('3')
    assert.equal(byPound.press('1234'), null)
    assert.match(byPound.press('#')!, /Your order 1 2 3 4 is on its way/)
    const byPause = new TextCall(script)
    byPause.press('3')
    byPause.press('5678')
    assert.match(byPause.dialogue.endDigits()!.say, /Your order 5 6 7 8/)
    assert.equal(byPause.dialogue.endDigits(), null)
  })

  it('forget digits when the caller speaks', () => {
    const call = new TextCall(script)
    call.press('3')
    call.press('99')
    call.mumble()
    call.press('1234')
    assert.match(call.press('#')!, /Your order 1 2 3 4/)
  })

  it('give the caller more time to read out an order number', () => {
    const call = new TextCall(script)
    assert.equal(call.dialogue.endpointSilenceMs, 600)
    call.say('where is my order')
    assert.equal(call.dialogue.endpointSilenceMs, 1200)
    call.say('one two three four')
    assert.equal(call.dialogue.endpointSilenceMs, 600)
  })
})

describe('talking to a person', () => {
  it('offers to call back where nobody can be put through to', () => {
    const call = new TextCall(script)
    assert.match(call.say('can i talk to a human'), /Shall the team call you back\?/)
    assert.match(call.say('yes'), /called back/)
  })

  it('takes a no', () => {
    const call = new TextCall(script)
    call.press('0')
    assert.match(call.say('no'), /anything else/)
    assert.equal(call.dialogue.asking, false)
  })

  it('transfers where the agent may, and says when it failed', () => {
    const call = new TextCall(script, ['end_call', 'transfer_call'])
    const { say, tool } = call.dialogue.hear('operator', 1)
    assert.match(say, /putting you through/)
    assert.equal(tool?.name, 'transfer_call')
    assert.match(call.dialogue.toolResult('{"error":"busy"}')!.say, /nobody answers/)
    assert.equal(call.dialogue.toolResult('{"error":"busy"}'), null)
  })
})
