import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CallReport, type ReportedTurn, reportText, transcriptOf } from '../../../cli/phone/report.ts'

const greeting: ReportedTurn = {
  turnIndex: 0,
  caller: null,
  agent: { saidText: 'Hello there.', heardText: 'Hello there.' },
  interrupted: false,
  heardMs: 900,
  saidMs: 900,
  responseMs: null,
  endpointMs: null,
  engineMs: null,
  playoutMs: null,
  phoneResponseMs: null
}
const answered: ReportedTurn = {
  ...greeting,
  turnIndex: 1,
  caller: { saidText: 'what are your opening hours' },
  agent: { saidText: 'We are open from nine to five.', heardText: 'We are' },
  interrupted: true,
  heardMs: 620,
  saidMs: 2400,
  responseMs: 800,
  endpointMs: 400,
  engineMs: 300,
  playoutMs: 100,
  phoneResponseMs: 836
}
const quick: ReportedTurn = {
  ...greeting,
  turnIndex: 2,
  caller: { saidText: 'goodbye' },
  responseMs: 400,
  endpointMs: 200,
  engineMs: 199,
  playoutMs: 1
}

const report: CallReport = {
  ok: true,
  failure: null,
  callId: 'call-1',
  codec: 'PCMU',
  sampleRate: 8000,
  turns: [greeting, answered, quick],
  endReason: 'agent_hung_up',
  endedBy: 'server',
  durationMs: 12_340,
  heardMs: 4560,
  wav: '/tmp/call.wav'
}

function bars(text: string): string[] {
  return text
    .split('\n')
    .map((line) => /\|(.*)\|/.exec(line)?.[1])
    .filter((bar) => bar !== undefined)
}

describe('report of a call', () => {
  it('tells who said what, and what was heard of an interrupted reply', () => {
    assert.match(
      reportText(report),
      /agent {3}Hello there\.\n {2}caller {2}what are your opening hours\n {2}agent {3}We are open from nine to five\.\n +\[interrupted after 620 ms heard: We are\]/
    )
  })

  it('begins each part of a response where the one before ended, all turns on one scale', () => {
    const [endpoint, engine, playout, ...second] = bars(reportText(report))
    const spans = [endpoint, engine, playout].map((bar) => [bar.search(/\S/), bar.trimEnd().length])
    const width = endpoint.length
    assert.deepEqual(spans, [
      [0, width / 2],
      [width / 2, Math.round((width * 7) / 8)],
      [Math.round((width * 7) / 8), width]
    ])
    assert.equal(second[1].trimEnd().length, width / 2)
  })

  it('shows even the shortest part, within the width', () => {
    const all = bars(reportText(report))
    assert.equal(new Set(all.map((bar) => bar.length)).size, 1)
    assert.match(all[5], /#/)
  })

  it('holds what the server measured against what the phone did', () => {
    assert.match(reportText(report), /turn 1: 800 at the server, 836 at the phone/)
    assert.match(reportText(report), /turn 2: 400 at the server\n/)
  })

  it('says why the call ended and ends with the path of the recording', () => {
    const lines = reportText(report).trimEnd().split('\n')
    assert.match(lines.at(-3) ?? '', /after 12\.3 s: agent_hung_up \(the agent hung up\)/)
    assert.match(lines.at(-2) ?? '', /heard for 4\.6 s/)
    assert.match(lines.at(-1) ?? '', /\/tmp\/call\.wav$/)
  })

  it('says that the agent was not heard, and who closed the line where no reason is known', () => {
    const text = reportText({
      ...report,
      turns: [],
      ok: false,
      failure: 'The agent was not heard: no audio came.',
      endReason: null,
      wav: null
    })
    assert.match(text, /the server closed the line/)
    assert.match(text, /The agent was not heard: no audio came\.\n$/)
    assert.match(text, /no turn/)
  })

  it('gives the transcript as data, with what was heard only where it was not all', () => {
    assert.deepEqual(transcriptOf([greeting, answered]), [
      { speaker: 'agent', text: 'Hello there.' },
      { speaker: 'caller', text: 'what are your opening hours' },
      { speaker: 'agent', text: 'We are open from nine to five.', heardText: 'We are', heardMs: 620 }
    ])
  })
})
