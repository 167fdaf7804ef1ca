import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import pino from 'pino'
import { NeuralClassifier } from '../../../services/speech/neural-classifier.ts'
import { loadSpeechClassifiers } from '../../../services/speech/speech-classifiers.ts'
import { WebRtcClassifier } from '../../../services/speech/webrtc-classifier.ts'

function logTo(lines: string[]) {
  return pino({ base: null }, { write: (line) => lines.push(line) })
}

const missing = () => Promise.reject(new Error('not installed'))
const vad = { isSpeech: () => false, reset: () => {}, close: () => {} }

describe('loadSpeechClassifiers', () => {
  it('stays with WebRTC where there is no neural detector, and says so once', async () => {
    const lines: string[] = []
    const classifiers = await loadSpeechClassifiers({
      detector: 'auto',
      log: logTo(lines),
      loadNeural: missing
    })
    assert.equal(classifiers.kind, 'webrtc')
    const classifier = classifiers.create(8000)
    assert.ok(classifier instanceof WebRtcClassifier)
    classifier.close()
    assert.equal(lines.length, 1)
    assert.equal(JSON.parse(lines[0]).event, 'speech_detector.fallback')
  })

  it('refuses where the neural one is asked for by name and there is none', async () => {
    const log = logTo([])
    await assert.rejects(
      loadSpeechClassifiers({ detector: 'neural', log, loadNeural: missing }),
      /not installed/
    )
  })

  it('does not load the network where WebRTC is asked for', async () => {
    let loaded = false
    const loadNeural = () => {
      loaded = true
      return missing()
    }
    const classifiers = await loadSpeechClassifiers({ detector: 'webrtc', log: logTo([]), loadNeural })
    assert.equal(classifiers.kind, 'webrtc')
    assert.equal(loaded, false)
  })

  it('gives a call WebRTC where more of them come at once than networks are ready', async () => {
    let left = 1
    const loadNeural = async () => ({ take: () => (left-- > 0 ? vad : null), close: () => {} })
    const classifiers = await loadSpeechClassifiers({ detector: 'auto', log: logTo([]), loadNeural })
    assert.equal(classifiers.kind, 'neural')
    assert.ok(classifiers.create(8000) instanceof NeuralClassifier)
    assert.ok(classifiers.create(8000) instanceof WebRtcClassifier)
  })
})
