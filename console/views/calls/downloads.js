import { html } from 'htm/preact'
import { api, request } from '../../net/api.js'
import { saveBlob } from '../../net/download.js'
import { Button } from '../../parts/button.js'
import { confirm } from '../../state/confirmation.js'
import { t } from '../../state/language.js'
import { tell, tellFault } from '../../state/toasts.js'
import { isLive } from './call-title.js'

const DOWNLOAD_MS = 120_000

/**
 * The call as files, and the end of its recording.
 *
 * @param {{ call: any, recording: import('./recording.js').Recording | null, onChange: () => void }} props
 */
export function Downloads({ call, recording, onChange }) {
  const json = () =>
    saveBlob(new Blob([JSON.stringify(call, null, 2)], { type: 'application/json' }), `call-${call.id}.json`)
  const tape = async () => {
    try {
      const response = await request('GET', `/api/calls/${call.id}/tape`, { timeoutMs: DOWNLOAD_MS })
      saveBlob(await response.blob(), `call-${call.id}.jsonl`)
    } catch (error) {
      tellFault(error)
    }
  }
  return html`<div class="row">
    ${recording && html`<${Button} icon="download" onClick=${() => saveBlob(recording.blob, `call-${call.id}.wav`)}>WAV<//>`}
    <${Button} icon="download" onClick=${tape}>${t('calls.tape')}<//>
    <${Button} icon="download" onClick=${json}>JSON<//>
    ${
      call.recording_path &&
      !isLive(call) &&
      html`<${Button} icon="trash" kind="quiet" label=${t('calls.deleteRecording')} onClick=${() => removeRecording(call.id, onChange)} />`
    }
  </div>`
}

/** @param {string} id @param {() => void} onChange */
async function removeRecording(id, onChange) {
  const sure = await confirm({
    title: t('calls.deleteRecording.title'),
    text: t('calls.deleteRecording.text'),
    confirm: t('action.delete')
  })
  if (!sure) return
  try {
    await api.delete(`/api/calls/${id}/recording`)
    tell('done', t('calls.deleteRecording.done'))
    onChange()
  } catch (error) {
    tellFault(error)
  }
}
