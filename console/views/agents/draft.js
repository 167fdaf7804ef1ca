/**
 * An agent as it is being changed: lists are text with one item a line, what is JSON is text.
 *
 * @typedef {Record<string, any>} Draft
 */

const LISTS = ['endCallPhrases']
const NULLABLE_LISTS = ['fillerPhrases']
const NULLABLE_TEXTS = ['voice', 'engine', 'goodbyeMessage', 'webhookUrl']
const NULLABLE_NUMBERS = ['maxCallSeconds', 'recordingRetentionDays']
const NUMBERS = ['patienceMs']

/** The tools that need nothing but their name. */
export const BUILT_IN_TOOLS = ['search_products', 'send_dtmf', 'transfer_call']

/** @param {any} agent as GET /api/agents/:id has it @returns {Draft} */
export function draftOf(agent) {
  const { id: _id, createdAt: _createdAt, updatedAt: _updatedAt, ...fields } = agent
  /** @type {Draft} */
  const draft = { ...fields }
  for (const name of [...LISTS, ...NULLABLE_LISTS]) draft[name] = lines(agent[name])
  for (const name of [...NULLABLE_TEXTS, ...NULLABLE_NUMBERS, ...NUMBERS])
    draft[name] = String(agent[name] ?? '')
  draft.fillers = choiceOf(agent.fillerPhrases)
  draft.recordCalls = agent.recordCalls === null ? 'default' : String(agent.recordCalls)
  const { acknowledgements } = agent.interruption
  draft.acknowledging = choiceOf(acknowledgements)
  draft.interruption = { ...agent.interruption, acknowledgements: lines(acknowledgements) }
  draft.silence = { ...agent.silence, phrases: lines(agent.silence.phrases) }
  draft.builtIn = agent.tools.filter((/** @type {unknown} */ tool) => typeof tool === 'string')
  const declared = agent.tools.filter((/** @type {unknown} */ tool) => typeof tool !== 'string')
  draft.tools = declared.length === 0 ? '' : JSON.stringify(declared, null, 2)
  const { summary = false, schema = null, successCriteria = null } = agent.analysis ?? {}
  draft.analysis = {
    ...agent.analysis,
    summary,
    schema: schema ? JSON.stringify(schema, null, 2) : '',
    successCriteria: successCriteria ?? ''
  }
  return draft
}

/**
 * What the server is to be told: the fields that are no longer as they were.
 *
 * @param {Draft} draft
 * @param {any} agent
 * @returns {Record<string, unknown>}
 * @throws {SyntaxError} whose `cause` is the name of the field, where JSON is none
 */
export function changesOf(draft, agent) {
  const fields = fieldsOf(draft)
  return Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(agent[name]))
  )
}

/** @param {Draft} draft @returns {Record<string, unknown>} */
function fieldsOf({ acknowledging, builtIn, fillers, tools, analysis, ...draft }) {
  /** @type {Record<string, unknown>} */
  const fields = { ...draft }
  for (const name of LISTS) fields[name] = items(draft[name])
  for (const name of NULLABLE_TEXTS) fields[name] = draft[name].trim() || null
  for (const name of NULLABLE_NUMBERS) fields[name] = draft[name] === '' ? null : Number(draft[name])
  for (const name of NUMBERS) fields[name] = Number(draft[name])
  fields.fillerPhrases = chosen(fillers, draft.fillerPhrases)
  fields.recordCalls = draft.recordCalls === 'default' ? null : draft.recordCalls === 'true'
  const { acknowledgements, minSpeechMs, minWords } = draft.interruption
  fields.interruption = {
    ...draft.interruption,
    minSpeechMs: Number(minSpeechMs),
    minWords: Number(minWords),
    acknowledgements: chosen(acknowledging, acknowledgements)
  }
  const { afterSeconds, reminders, phrases } = draft.silence
  fields.silence = {
    ...draft.silence,
    afterSeconds: Number(afterSeconds),
    reminders: Number(reminders),
    phrases: orNull(items(phrases))
  }
  fields.tools = [...builtIn, ...(parsed(tools, 'tools') ?? [])]
  const schema = parsed(analysis.schema, 'analysis')
  const successCriteria = analysis.successCriteria.trim() || null
  const asked = analysis.summary || schema !== null || successCriteria !== null
  fields.analysis = asked ? { ...analysis, schema, successCriteria } : null
  return fields
}

/** Of a list that the agent's language has a default for. @param {readonly string[] | null} list */
function choiceOf(list) {
  if (list === null) return 'default'
  return list.length === 0 ? 'none' : 'own'
}

/** @param {string} choice @param {string} text @returns {string[] | null} */
function chosen(choice, text) {
  if (choice === 'default') return null
  return choice === 'none' ? [] : items(text)
}

/** @param {readonly string[] | null} list */
function lines(list) {
  return (list ?? []).join('\n')
}

/** @param {string} text */
function items(text) {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
}

/** @param {string[]} list */
function orNull(list) {
  return list.length === 0 ? null : list
}

/** @param {string} text @param {string} field @returns {any} null where there is none */
function parsed(text, field) {
  if (text.trim() === '') return null
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new SyntaxError(/** @type {Error} */ (error).message, { cause: field })
  }
}
