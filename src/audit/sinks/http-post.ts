/**
 * One POST to a receiver over HTTP/1.1, with a connection of our own that is kept between deliveries. It goes straight to
 * the address of the configuration: no proxy of the environment, no redirect, and not through Weir.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { readTlsFiles, type TlsFileNames } from './tls-files.ts'
import { withCertificateHint } from './tls-why.ts'

/** As much of an answer is read; what is longer is no answer to a delivery. */
const MAX_ANSWER_BYTES = 65_536
/** A receiver that answers a byte at a time is given up after so many pauses' length in all. */
const MAX_PAUSES = 10

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Its beginning. */
  readonly text: string
}

export interface HttpPoster {
  /** Rejects when no answer comes. */
  readonly post: (url: string, headers: Readonly<Record<string, string>>, body: string) => Promise<HttpAnswer>
  readonly close: () => void
}

export interface PosterOptions extends TlsFileNames {
  /** Longest pause of the receiver. */
  readonly timeoutMs: number
}

export function createPoster(options: PosterOptions): HttpPoster {
  const { timeoutMs } = options
  const agents = {
    http: new HttpAgent({ keepAlive: true, maxSockets: 1 }),
    https: new HttpsAgent({ keepAlive: true, maxSockets: 1 }),
  }
  return {
    post: (url, headers, body) => postOnce({ url: new URL(url), headers, body, options, agents, timeoutMs }),
    close: () => {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

interface Post {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly options: PosterOptions
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent }
  readonly timeoutMs: number
}

async function postOnce({ url, headers, body, options, agents, timeoutMs }: Post): Promise<HttpAnswer> {
  const bytes = Buffer.from(body)
  const common = {
    method: 'POST',
    headers: { 'user-agent': 'weir', ...headers, 'content-length': bytes.length },
    timeout: timeoutMs,
  }
  const request =
    url.protocol === 'https:'
      ? httpsRequest(url, { ...common, agent: agents.https, ...readTlsFiles(options), rejectUnauthorized: true })
      : httpRequest(url, { ...common, agent: agents.http })
  const longestMs = timeoutMs * MAX_PAUSES
  const overall = setTimeout(() => request.destroy(new Error(`not done within ${longestMs} ms`)), longestMs)
  const answer = new Promise<HttpAnswer>((resolve, reject) => {
    request.on('timeout', () => request.destroy(new Error(`no answer for ${timeoutMs} ms`)))
    // A connection that was used before has been taken once.
    request.on('error', (error) =>
      reject(url.protocol === 'https:' && !request.reusedSocket ? withCertificateHint(error) : error),
    )
    request.on('response', (response) => {
      readStart(response).then(
        (text) =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: withoutToken(text, headers) }),
        reject,
      )
    })
    request.end(bytes)
  })
  return answer.finally(() => clearTimeout(overall))
}

/** Receivers may repeat what they got; a token is nothing to show. */
function withoutToken(text: string, { authorization = '' }: Readonly<Record<string, string>>): string {
  const token = authorization.slice(authorization.indexOf(' ') + 1)
  return token === '' ? text : text.replaceAll(token, '[token]')
}

/** The beginning of the answer; a longer one costs the connection. */
function readStart(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const done = (): void => resolve(Buffer.concat(chunks).toString('utf8', 0, MAX_ANSWER_BYTES))
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size <= MAX_ANSWER_BYTES) return
      done()
      response.destroy()
    })
    response.on('end', done)
    response.on('error', reject)
    response.on('aborted', () => reject(new Error('the answer was cut off')))
  })
}
