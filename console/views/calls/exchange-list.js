import { useComputed } from '@preact/signals'
import { html } from 'htm/preact'
import { clockTime } from '../../format/time.js'
import { Icon } from '../../parts/icon.js'
import { t } from '../../state/language.js'
import { LatencyBar } from './latency-bar.js'
import { Words } from './words.js'

/** The shortest scale of the waits, so that quick calls look quick; ms. */
const LEAST_SCALE_MS = 1500

/**
 * The conversation, turn by turn, with what each reply waited for.
 *
 * @param {object} props
 * @param {readonly import('./exchanges.js').Exchange[]} props.exchanges
 * @param {import('./player.js').Player | null} props.player
 * @param {number} props.startedAt epoch ms of the recording's first sample
 */
export function ExchangeList({ exchanges, player, startedAt }) {
  const slowest = Math.max(LEAST_SCALE_MS, ...exchanges.map(({ latency }) => latency.response ?? 0))
  return html`<ol class="exchanges">
    ${exchanges.map(
      (exchange) => html`<li key=${exchange.index} class="exchange">
        <${SideLine} name="caller" side=${exchange.caller} player=${player} startedAt=${startedAt} />
        ${exchange.tools.map((tool, index) => html`<${ToolLine} key=${index} tool=${tool} />`)}
        <${LatencyBar} exchange=${exchange} scaleMs=${slowest} />
        <${SideLine}
          name="agent"
          side=${exchange.agent}
          player=${player}
          startedAt=${startedAt}
          interrupted=${exchange.interrupted}
        />
      </li>`
    )}
  </ol>`
}

/**
 * @param {object} props
 * @param {'caller' | 'agent'} props.name
 * @param {import('./exchanges.js').Side | null} props.side
 * @param {import('./player.js').Player | null} props.player
 * @param {number} props.startedAt
 * @param {boolean} [props.interrupted]
 */
function SideLine({ name, side, player, startedAt, interrupted = false }) {
  if (!side || side.heard.length + side.unheard.length === 0) return null
  const time = clockTime((side.from - startedAt) / 1000)
  return html`<div class=${`side ${name}`}>
    <div class="side-head small">
      <span class=${`side-name ${name}`}>${t(`side.${name}`)}</span>
      ${
        player
          ? html`<${PlayTurn} side=${side} player=${player} startedAt=${startedAt} />`
          : html`<span class="muted">${time}</span>`
      }
      ${interrupted && html`<span class="chip warn">${t('transcript.interrupted')}</span>`}
    </div>
    <p class="side-words"><${Words} side=${side} player=${player} startedAt=${startedAt} /></p>
  </div>`
}

/**
 * Plays a turn, and pauses while it is played.
 *
 * @param {{ side: import('./exchanges.js').Side, player: import('./player.js').Player, startedAt: number }} props
 */
function PlayTurn({ side, player, startedAt }) {
  const from = (side.from - startedAt) / 1000
  const to = (side.to - startedAt) / 1000
  const played = useComputed(() => {
    const position = player.position.value
    return player.playing.value && position >= from && position < to
  }).value
  const time = clockTime(from)
  const label = played ? t('calls.pauseHere') : t('calls.playFrom', { time })
  return html`<button
    type="button"
    class="play-from"
    aria-label=${label}
    title=${label}
    onClick=${() => (played ? player.toggle() : player.playFrom(from))}
  ><${Icon} name=${played ? 'pause' : 'play'} />${time}</button>`
}

/** @param {{ tool: import('./exchanges.js').ToolCall }} props */
function ToolLine({ tool }) {
  const { arguments: given, result, ok, code } = tool
  return html`<details class="tool-call small">
    <summary>
      <span class=${`chip ${ok ? '' : 'danger'}`}>${t('transcript.tool', { tool: tool.tool, ms: Math.round(tool.durationMs) })}</span>
      ${!ok && html`${' '}<span class="muted">${t('calls.toolFailed', { code: code ?? '' })}</span>`}
    </summary>
    <dl>
      <dt>${t('calls.arguments')}</dt>
      <dd><pre>${shown(given)}</pre></dd>
      <dt>${t('calls.result')}</dt>
      <dd><pre>${shown(result)}</pre></dd>
    </dl>
  </details>`
}

/** @param {unknown} value */
function shown(value) {
  if (value === undefined || value === null) return '–'
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}
