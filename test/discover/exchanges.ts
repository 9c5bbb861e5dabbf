/** Rows of test/cases/discover: a request to a host outside the catalogue, and what is seen of its answer. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { answerBodySigns, answerHeadSigns } from '../../src/discover/answer-signs.ts'
import { bodySigns } from '../../src/discover/body-signs.ts'
import { headSigns } from '../../src/discover/head-signs.ts'
import { scoreOf } from '../../src/discover/score.ts'
import type { Sighting, Sign } from '../../src/domain/sighting.ts'
import type { RequestHead } from '../../src/domain/tool.ts'
import { outlineJson } from '../../src/wire/json-outline.ts'

export interface ExchangeRow {
  readonly it: string
  /** `WS` asks for an upgrade. */
  readonly request: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly raw?: string
  readonly answer?: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  readonly by?: 'head' | 'body' | 'answer' | 'none'
  readonly dialect?: string
}

export const exchangeRows = (name: string): ExchangeRow[] =>
  parse(readFileSync(new URL(`../cases/discover/${name}.yaml`, import.meta.url), 'utf8')) as ExchangeRow[]

export function headOf({ request, headers = {}, raw }: ExchangeRow): RequestHead {
  const [method = '', address = ''] = request.split(' ')
  const url = new URL(address)
  const scheme = url.protocol === 'http:' ? 'http' : 'https'
  return {
    method: method === 'WS' ? 'GET' : method,
    scheme,
    host: url.hostname,
    port: Number(url.port || (scheme === 'http' ? 80 : 443)),
    path: url.pathname,
    headers: Object.entries({
      ...(raw === undefined ? { 'content-type': 'application/json' } : {}),
      ...headers,
    }).flat(),
    isUpgrade: method === 'WS',
  }
}

export interface Stages {
  readonly head: Sighting
  readonly body: Sighting
  readonly answer: Sighting
}

/** The sighting after each stage. */
export function stagesOf(row: ExchangeRow): Stages {
  const signs: Sign[] = [...headSigns(headOf(row))]
  const head = scoreOf(signs)
  const text = row.raw ?? (row.body === undefined ? '' : JSON.stringify(row.body))
  const outline = outlineJson(Buffer.from(text))
  if (outline !== null) signs.push(...bodySigns(outline))
  const body = scoreOf(signs)
  signs.push(...answerHeadSigns(Object.entries(row.answer?.headers ?? {}).flat()))
  signs.push(...answerBodySigns(Buffer.from(row.answer?.body ?? '')))
  return { head, body, answer: scoreOf(signs) }
}
