import { html } from 'htm/preact'
import { Card } from '../../parts/card.js'
import { Notice } from '../../parts/notice.js'
import { t } from '../../state/language.js'

/** What the chat model found out of a call, where it was asked. @param {{ analysis: any }} props */
export function AnalysisCard({ analysis }) {
  if (!analysis) return null
  const { summary, data, success, success_reason, error } = analysis
  if (error) return html`<${Notice} kind="warn">${t('calls.analysisFailed')} ${error}<//>`
  const verdict =
    success === null || success === undefined
      ? null
      : html`<span class=${`chip ${success ? 'ok' : 'danger'}`}>${t(success ? 'calls.success' : 'calls.noSuccess')}</span>`
  return html`<${Card} title=${t('calls.analysis')} actions=${verdict}>
    ${summary && html`<p>${summary}</p>`}
    ${success_reason && html`<p class="small muted">${success_reason}</p>`}
    ${
      data &&
      html`<dl class="facts">
        ${Object.entries(data).map(([key, value]) => html`<div key=${key}><dt class="small muted">${key}</dt><dd>${typeof value === 'object' ? JSON.stringify(value) : String(value)}</dd></div>`)}
      </dl>`
    }
  <//>`
}
