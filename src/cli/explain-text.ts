/** An explanation as a person reads it. */
import type { Tool, ToolId } from '../domain/tool.ts'

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {})
const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isFields) : [])
const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

/** The explanation of one request as aligned lines. */
export function explanationText(explanation: Fields, tools: ReadonlyMap<ToolId, Tool>): string {
  const request = fieldsOf(explanation['request'])
  const rows: [string, string][] = [
    ['read', `${textOf(explanation['read'])} (${textOf(explanation['readReason'])})`],
    ['tool', toolLine(explanation, tools)],
    ['candidates', listOf(explanation['candidates']).map(candidateText).join(', ')],
    ['evidence', evidenceLine(explanation)],
    [
      'purpose',
      [textOf(explanation['purpose']), textOf(explanation['dialect'])].filter((part) => part !== '').join(', '),
    ],
    ['tier', textOf(explanation['tier'])],
    ['action', actionLine(explanation)],
    ['rule', textOf(explanation['rule'])],
    ['reason', reasonLine(explanation)],
    ['exemption', textOf(explanation['exemption'])],
    ['body', bodyLine(explanation['body'])],
    ['steps', ''],
  ]
  const lines = rows
    .filter(([name, text]) => name === 'steps' || text !== '')
    .map(([name, text]) => `  ${name.padEnd(12)}${text}`.trimEnd())
  const steps = listOf(explanation['steps']).map(
    (step, index) =>
      `    ${index + 1}. ${step['matched'] === true ? '✓' : '·'} ${textOf(step['step'])}: ${textOf(step['why'])}`,
  )
  return `${textOf(request['method'])} ${textOf(request['url'])}\n${[...lines, ...steps].join('\n')}\n`
}

function toolLine(explanation: Fields, tools: ReadonlyMap<ToolId, Tool>): string {
  const id = textOf(explanation['tool'])
  if (id === '') return 'none: not AI as far as the catalogue knows'
  const tool = tools.get(id)
  const named = tool === undefined ? id : `${id}: ${tool.name}, ${tool.vendor.name}`
  const version = textOf(explanation['toolVersion'])
  const via = textOf(explanation['via'])
  return `${named}${version === '' ? '' : `, version ${version}`}${via === '' ? '' : `, by way of ${via}`}`
}

const candidateText = (candidate: Fields): string =>
  `${textOf(candidate['tool'])} (${textOf(candidate['tier'])}${candidate['isFallback'] === true ? ', fallback' : ''})`

function evidenceLine(explanation: Fields): string {
  const evidence = explanation['evidence']
  const list = Array.isArray(evidence) ? evidence.map(textOf) : []
  const confidence = textOf(explanation['confidence'])
  if (list.length === 0) return ''
  return `${list.join(', ')}${confidence === '' ? '' : `; confidence ${confidence}`}`
}

function actionLine(explanation: Fields): string {
  const would = textOf(explanation['would'])
  const mode = textOf(explanation['mode'])
  const observed = would === '' ? '' : `; enforcement would ${would}`
  return `${textOf(explanation['action'])}${mode === 'observe' ? ` (observe mode${observed})` : ''}`
}

function reasonLine(explanation: Fields): string {
  const own = Object.values(fieldsOf(explanation['reasonText']))
    .map(textOf)
    .find((text) => text !== '')
  return `${textOf(explanation['reason'])}${own === undefined ? '' : `: ${own}`}`
}

function bodyLine(body: unknown): string {
  if (!isFields(body)) return ''
  const findings = listOf(body['findings']).map(
    (each) => `${textOf(each['detector'])} ×${textOf(each['count'])} at ${textOf(each['field'])}`,
  )
  const parts = [
    textOf(body['model']) === '' ? '' : `model ${textOf(body['model'])}`,
    findings.length === 0 ? 'no findings' : findings.join(', '),
    textOf(body['unread']) === '' ? '' : `unread: ${textOf(body['unread'])}`,
  ]
  return parts.filter((part) => part !== '').join('; ')
}
