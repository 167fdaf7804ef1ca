import { useComputed } from '@preact/signals'
import { html } from 'htm/preact'
import { t } from '../../state/language.js'
import { wordTimes } from './exchanges.js'

/**
 * What one side said: each word that was heard is played from where it is pressed; what the caller never heard is struck
 * through.
 *
 * @param {object} props
 * @param {import('./exchanges.js').Side} props.side
 * @param {import('./player.js').Player | null} props.player
 * @param {number} props.startedAt epoch ms of the recording's first sample
 */
export function Words({ side, player, startedAt }) {
  const heard = player
    ? html`<${PlayedWords} side=${side} player=${player} startedAt=${startedAt} />`
    : side.heard.join(' ')
  const unheard = side.unheard.join(' ')
  return html`${heard}${unheard && html`${' '}<s title=${t('transcript.unheard')}><span class="unseen">${t('transcript.unheard')}: </span>${unheard}</s>`}`
}

/** @param {{ side: import('./exchanges.js').Side, player: import('./player.js').Player, startedAt: number }} props */
function PlayedWords({ side, player, startedAt }) {
  const times = wordTimes(side).map((at) => (at - startedAt) / 1000)
  const end = (side.to - startedAt) / 1000
  const now = useComputed(() => {
    const position = player.position.value
    return player.playing.value && position < end ? times.findLastIndex((at) => at <= position) : -1
  })
  // Pressed with the pointer; the keyboard has a button for the turn, so that it need not pass every word.
  return side.heard.map(
    (word, index) => html`<span
      key=${index}
      class=${index === now.value ? 'word now' : 'word'}
      onClick=${() => player.playFrom(times[index])}
    >${word}${index < side.heard.length - 1 ? ' ' : ''}</span>`
  )
}
