/** Bearer tokens of the admin API: who asks, or a refusal that tells nothing and cannot be tried at speed. */
import type { Attempts } from './attempts.ts'
import { ApiProblem } from './problem.ts'
import { type AdminToken, findToken } from './token.ts'

export interface AuthOptions {
  readonly tokens: readonly AdminToken[]
  readonly attempts: Attempts
}

const BEARER = /^bearer +([\w.~+/=-]{1,512})$/iu

const refusal = (error: 'invalid_token' | null): ApiProblem =>
  new ApiProblem(
    401,
    'send `authorization: Bearer <token>`; the token is in the file `admin.token` of the data folder',
    {
      headers: { 'www-authenticate': error === null ? 'Bearer realm="weir"' : `Bearer realm="weir", error="${error}"` },
    },
  )

/**
 * The actor name of a request, e.g. `token:admin`. Throws an `ApiProblem`: 401 without a right token, 429 from an
 * address with too many wrong ones. A missing token is no guess and is not counted.
 */
export function authenticate(options: AuthOptions, header: string | undefined, address: string): string {
  const waitSeconds = options.attempts.waitSeconds(address)
  if (waitSeconds > 0) {
    throw new ApiProblem(429, 'too many wrong tokens from this address: try again later', {
      headers: { 'retry-after': String(waitSeconds) },
    })
  }
  if (header === undefined) throw refusal(null)
  const text = BEARER.exec(header)?.[1]
  const token = text === undefined ? null : findToken(options.tokens, text)
  if (token !== null) return `token:${token.name}`
  options.attempts.fail(address)
  throw refusal('invalid_token')
}
