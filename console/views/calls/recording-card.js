import { html } from 'htm/preact'
import { clockTime } from '../../format/time.js'
import { Button } from '../../parts/button.js'
import { Card } from '../../parts/card.js'
import { Choice } from '../../parts/choice.js'
import { Notice } from '../../parts/notice.js'
import { t } from '../../state/language.js'
import { RecordingWaveform } from './recording-waveform.js'

const RATES = ['1', '1.5', '2']

/**
 * The recording of a call, to be seen and heard; or why there is none.
 *
 * @param {object} props
 * @param {any} props.call
 * @param {import('./use-recording.js').RecordingState} props.state
 * @param {readonly import('./exchanges.js').Exchange[]} props.exchanges
 * @param {number} props.startedAt epoch ms of its first sample
 */
export function RecordingCard({ call, state, exchanges, startedAt }) {
  const { recording, player, error } = state
  if (recording && player)
    return html`<${Card} title=${t('calls.recording')} actions=${html`<${Sides} />`}>
      <${RecordingWaveform} recording=${recording} exchanges=${exchanges} startedAt=${startedAt} player=${player} />
      <${PlayerControls} player=${player} seconds=${recording.seconds} />
    <//>`
  if (error) return html`<${Notice} kind="warn">${error.message}<//>`
  if (call.recording_path)
    return html`<${Card} title=${t('calls.recording')}>
      <div class="skeleton recording-skeleton" role="status" aria-label=${t('state.loading')}></div>
    <//>`
  return html`<${Notice}>${absence(call)}<//>`
}

/** @param {any} call */
function absence(call) {
  if (call.recording_deleted_at) return t('calls.recordingDeleted')
  if (call.ended_at === null) return t('calls.recordingLater')
  return html`${t('calls.noRecording')} <code>RECORD_CALLS=true</code>${' '}<a href=${`#/agents/${encodeURIComponent(call.agent_id)}`}>${t('calls.noRecordingAgent')}</a>`
}

function Sides() {
  return html`<div class="row">
    <span class="chip caller">${t('side.caller')}</span><span class="chip agent">${t('calls.agentAsHeard')}</span>
  </div>`
}

/** @param {{ player: import('./player.js').Player, seconds: number }} props */
function PlayerControls({ player, seconds }) {
  const playing = player.playing.value
  return html`<div class="row between player">
    <div class="row">
      <${Button} kind="primary" icon=${playing ? 'pause' : 'play'} onClick=${() => player.toggle()}>
        ${t(playing ? 'calls.pause' : 'calls.play')}
      <//>
      <span class="small muted nowrap"><${Position} player=${player} /> / ${clockTime(seconds)}</span>
    </div>
    <${Choice}
      label=${t('calls.speed')}
      options=${RATES.map((value) => ({ value, text: `${value}×` }))}
      value=${String(player.rate.value)}
      onChoose=${(/** @type {string} */ value) => player.setRate(Number(value))}
    />
  </div>`
}

/** @param {{ player: import('./player.js').Player }} props */
function Position({ player }) {
  return html`${clockTime(player.position.value)}`
}
