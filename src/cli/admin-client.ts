/** Asks the admin port of a running proxy, with the token of its data folder. The token is never printed. */
import { readFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import type { WeirConfig } from '../config/schema.ts'
import { parseListen } from '../control/listen.ts'
import { formatAuthority } from '../domain/destination.ts'

const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 16 * 1024 * 1024
const LOOPBACK_OF: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

export interface AdminCall {
  readonly method: 'GET' | 'POST'
  /** Below `/api/v1`. */
  readonly path: string
  readonly body?: unknown
}

export type AdminAnswer =
  | { readonly ok: true; readonly json: unknown }
  /** The proxy answered, and refused. */
  | { readonly ok: false; readonly kind: 'refused'; readonly status: number; readonly problem: string }
  /** Nobody answered, or the token cannot be read. */
  | { readonly ok: false; readonly kind: 'unreachable'; readonly problem: string }

export interface AdminClientOptions {
  readonly config: Pick<WeirConfig, 'admin' | 'data'>
  /** Where the admin port is; absent: as the configuration says. */
  readonly url?: string | undefined
  /** PEM file of the root behind its certificate; absent: those of Node. */
  readonly caFile?: string | undefined
}

/** `https://weir.example.com`, `http://127.0.0.1:3129`. */
export function adminUrl({ admin }: Pick<WeirConfig, 'admin'>): string {
  if (admin.publicUrl !== null) return admin.publicUrl
  const { host, port } = parseListen(admin.listen)
  return `${admin.tls === null ? 'http' : 'https'}://${formatAuthority(LOOPBACK_OF[host] ?? host, port)}`
}

/** Never rejects. */
export async function askAdmin(options: AdminClientOptions, call: AdminCall): Promise<AdminAnswer> {
  const { config, caFile } = options
  const base = URL.parse(options.url ?? adminUrl(config))
  if (base === null || !/^https?:$/u.test(base.protocol))
    return unreachable('the admin URL is none: write http://host:port')
  const tokenFile = join(config.data.dir, 'admin.token')
  try {
    const token = await readText(tokenFile)
    const ca = caFile === undefined ? undefined : await readText(caFile)
    return answerOf(await send(new URL(`/api/v1${call.path}`, base), call, { token, ca }))
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException
    if (path !== undefined) return unreachable(`cannot read \`${path}\`: ${code ?? message}`)
    return unreachable(`the admin port \`${base.origin}\` cannot be reached: ${code ?? message}`)
  }
}

const unreachable = (problem: string): AdminAnswer => ({ ok: false, kind: 'unreachable', problem })

const readText = async (file: string): Promise<string> => (await readFile(file, 'utf8')).trim()

interface Raw {
  readonly status: number
  readonly text: string
}

function send(
  url: URL,
  { method, body }: AdminCall,
  { token, ca }: { readonly token: string; readonly ca: string | undefined },
): Promise<Raw> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const headers = {
    authorization: `Bearer ${token}`,
    ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
  }
  return new Promise((resolve, reject) => {
    const options = { method, headers, agent: false as const, timeout: TIMEOUT_MS }
    const request =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, ...(ca === undefined ? {} : { ca }) })
        : httpRequest(url, options)
    request.on('timeout', () => request.destroy(new Error('no answer in 10 seconds')))
    request.on('error', reject)
    request.on('response', (response) => {
      let answer = ''
      response.setEncoding('utf8')
      response.on('error', reject)
      response.on('data', (chunk: string) => {
        answer += chunk
        if (answer.length > MAX_ANSWER_BYTES) request.destroy(new Error('the answer is too long'))
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: answer }))
    })
    request.end(text)
  })
}

function answerOf({ status, text }: Raw): AdminAnswer {
  const json = parsed(text)
  if (json !== undefined && status >= 200 && status < 300) return { ok: true, json }
  const { detail, problems } = (json ?? {}) as {
    detail?: unknown
    problems?: readonly { path: string; message: string }[]
  }
  const more = (problems ?? []).map(({ path, message }) => `; ${path}: ${message}`).join('')
  const problem = typeof detail === 'string' ? detail + more : `the admin port answered ${status}: is it Weir?`
  return { ok: false, kind: 'refused', status, problem }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
