import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { grammarWords } from '../../../services/speech/grammar-words.ts'

describe('grammarWords', () => {
  it('finds each word once among weights, tags, comments, operators and rule names', () => {
    const words = grammarWords(`#JSGF V1.0 UTF-8 en;
      grammar shop.hours;
      import <other.rule>;
      // Comments are no words.
      /* Nor are
         these. */
      public <utterance> = [please] ( /0.7/ open {tag: open it} | /1e-3/ o'clock ) <day>+ ;
      <day> = monday | please | re-open* ;`)
    assert.deepEqual(words.sort(), ['monday', "o'clock", 'open', 'please', 're-open'])
  })
})
