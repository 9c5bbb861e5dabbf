/** Reads the rows of test/cases/identify*.yaml and says what the catalogue answers in the words of the rows. */
import type { CatalogueSource } from '../../src/catalogue/problems.ts'
import type { Candidate, Identification, RequestHead } from '../../src/domain/tool.ts'

export interface IdentifyCase {
  readonly title: string
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers?: Readonly<Record<string, string>>
    readonly upgrade?: boolean
  }
  readonly known?: boolean
  readonly shared?: boolean
  readonly tools?: readonly string[]
  readonly candidates?: readonly string[]
  readonly marks?: readonly string[]
}

/** The path is taken as written: URL would resolve its dot segments. */
export function headOfCase({ request }: IdentifyCase): RequestHead {
  const match = /^(https?):\/\/([^/:]+)(?::(\d+))?(\/[^?]*)/u.exec(request.url)
  if (match === null) throw new Error(`no URL: ${request.url}`)
  const [, scheme = '', host = '', port, path = '/'] = match
  return {
    method: request.method,
    scheme: scheme === 'http' ? 'http' : 'https',
    host,
    port: port === undefined ? (scheme === 'http' ? 80 : 443) : Number(port),
    path,
    headers: Object.entries(request.headers ?? {}).flat(),
    isUpgrade: request.upgrade ?? false,
  }
}

const candidateWords = (candidate: Candidate): string =>
  [
    candidate.tool,
    candidate.purpose,
    candidate.dialect,
    ...(candidate.isFallback ? ['fallback'] : []),
    ...(candidate.isPathNamed ? [] : ['unnamed']),
  ].join(' ')

/** What was found, with the keys that the row has. */
export function answerFor(row: IdentifyCase, found: Identification): Record<string, unknown> {
  const answer: Record<string, unknown> = { known: found.host.isKnown }
  if (row.shared !== undefined) answer['shared'] = found.host.isShared
  if (row.tools !== undefined) answer['tools'] = found.host.tools
  if (row.candidates !== undefined) answer['candidates'] = found.candidates.map(candidateWords)
  if (row.marks !== undefined)
    answer['marks'] = found.marks.map((mark) => `${mark.tool} ${mark.header} ${mark.version ?? '-'}`)
  return answer
}

/** What the row wants, in the same shape. */
export const wantedBy = (row: IdentifyCase): Record<string, unknown> => ({
  known: row.known ?? true,
  ...(row.shared === undefined ? {} : { shared: row.shared }),
  ...(row.tools === undefined ? {} : { tools: row.tools }),
  ...(row.candidates === undefined ? {} : { candidates: row.candidates }),
  ...(row.marks === undefined ? {} : { marks: row.marks }),
})

/** A document that stands in a test, without lines. */
export const sourceOf = (document: unknown, file = 'fixture.yaml'): CatalogueSource => ({
  file,
  document,
  lineOf: () => null,
})
