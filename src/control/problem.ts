/** Errors of the admin API as values of one kind, and their form on the wire: problem+json (RFC 9457). */
import { STATUS_CODES } from 'node:http'

/** One wrong input: where and what to do. Never holds the value that was sent. */
export interface InputProblem {
  /** E.g. `query.limit`, `body.url`. */
  readonly path: string
  readonly message: string
  /** Of a mistake inside a text: its offset, in UTF-16 units. */
  readonly at?: number
}

export interface ProblemBody {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly problems?: readonly InputProblem[]
  /** Short id of an unexpected fault; the operational log has the rest under it. */
  readonly id?: string
}

export interface ProblemExtras {
  readonly problems?: readonly InputProblem[]
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** Media type of problem bodies. */
export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** A request that the admin port answers with an error. `detail` is shown: lower case, no full stop, no secrets. */
export class ApiProblem extends Error {
  readonly status: number
  readonly detail: string
  readonly problems: readonly InputProblem[]
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, detail: string, extras: ProblemExtras = {}) {
    super(detail, { cause: extras.cause })
    this.name = 'ApiProblem'
    this.status = status
    this.detail = detail
    this.problems = extras.problems ?? []
    this.headers = extras.headers ?? {}
  }
}

/** The JSON body of a problem. */
export function problemBody(
  status: number,
  detail: string,
  extras: Omit<Partial<ProblemBody>, 'type'> = {},
): ProblemBody {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', ...extras, status, detail }
}
