/** Rows of test/cases/discover: a request to a host outside the catalogue, and what is seen of its answer. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { Sighting } from '../../src/domain/sighting.ts'
import type { RequestHead } from '../../src/domain/tool.ts'
import { RequestWatch } from '../../src/flow/request-watch.ts'

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

/** Rows that say nothing of how they are recognised: AI, and what only looks near. */
export const exchangeSet = (name: string): { readonly ai: ExchangeRow[]; readonly notAi: ExchangeRow[] } =>
  parse(readFileSync(new URL(`../cases/discover/${name}.yaml`, import.meta.url), 'utf8')) as {
    ai: ExchangeRow[]
    notAi: ExchangeRow[]
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

/** The sighting after each stage, as a request of a client nobody knows is seen. */
export function stagesOf(row: ExchangeRow): Stages {
  const text = row.raw ?? (row.body === undefined ? '' : JSON.stringify(row.body))
  const watch = new RequestWatch(headOf(row), text !== '')
  const head = watch.sighting
  // The body alone; where it passes, it is looked at with the head of the answer.
  if (watch.look === 'before') void watch.body(Buffer.from(text))
  else watch.bodyPiece(Buffer.from(text))
  watch.answerHead([])
  const body = watch.sighting
  watch.answerHead(Object.entries(row.answer?.headers ?? {}).flat())
  watch.answerPiece(Buffer.from(row.answer?.body ?? ''))
  void watch.end()
  return { head, body, answer: watch.sighting }
}
