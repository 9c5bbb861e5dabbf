/** Upgrade requests (WebSocket): refused, relayed unread, or opened here so that their messages are read. */
import { randomBytes } from 'node:crypto'
import type { Writable } from 'node:stream'
import type { Client } from '../domain/client.ts'
import { headerValue, headerValues, type RawHeaders } from '../domain/headers.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import { openExchange } from '../flow/exchange.ts'
import type { Exchange, ExchangeEnd, ExchangePlan } from '../flow/exchange-contract.ts'
import { openMessages } from '../flow/messages.ts'
import { endToEndHeaders, withHeader } from '../wire/headers.ts'
import { agreedExtensions, type Extensions, readableOffers } from '../wire/ws-deflate.ts'
import { mismatchOf } from '../wire/ws-handshake.ts'
import type { InspectionBudget } from './held-body.ts'
import type { EdgePorts, RelayEnd, RelayRequest } from './ports.ts'
import { destinationOf, type ReadHead } from './request-head.ts'
import { StreamPair } from './stream-pair.ts'
import { openUpgrade, type UpgradeAnswer } from './upgrade-open.ts'
import type { UpgradeSide } from './upgrade-side.ts'
import { runWebSocket } from './websocket.ts'

/** What upgrades take of the listener's. */
export interface UpgradeMeans {
  readonly budget: InspectionBudget
  /** How long nothing may move on a stream. */
  readonly idleMs: number
}

export interface UpgradeRun extends UpgradeMeans {
  readonly side: UpgradeSide
  readonly client: Client
  readonly read: ReadHead
  /** Relays what policy leaves unread, and answers what fails (http-proxy); `null`: it is done here. */
  readonly relayUnread: ((exchange: Exchange, relay: RelayRequest) => Promise<RelayEnd>) | null
}

type FramesPlan = Extract<ExchangePlan, { kind: 'frames' }>
type Switched = Extract<UpgradeAnswer, { kind: 'switched' }>
type End = Pick<ExchangeEnd, 'status' | 'bytesIn' | 'bytesOut' | 'error' | 'messages' | 'unread' | 'close'>

/** The promise resolves when the connection is over and recorded. */
export async function runUpgrade(ports: EdgePorts, run: UpgradeRun): Promise<void> {
  const { side, read } = run
  const exchange = openExchange(ports.flow, { client: run.client, head: read.head, http: side.http, hasBody: false })
  const refusal = exchange.plan.kind === 'answer' ? exchange.plan.answer : await exchange.commit()
  if (refusal !== null) {
    side.answer(refusal)
    await finish(exchange, { status: refusal.status, bytesIn: 0, bytesOut: 0, error: null })
    return
  }
  const { plan } = exchange
  const relay = { destination: destinationOf(read), target: read.target, headers: linesFor(exchange, side) }
  if (plan.kind !== 'frames' && run.relayUnread !== null) {
    await finish(exchange, await run.relayUnread(exchange, relay))
    return
  }
  const answer = await openUpgrade(ports.upgrades, relay, side.stream)
  await finish(exchange, await carry(ports, run, { exchange, relay, answer }))
}

/** The lines for the upstream. Extensions that nobody here can read are not offered where messages must be read. */
function linesFor(exchange: Exchange, side: UpgradeSide): RawHeaders {
  const { plan } = exchange
  const isHeld = plan.kind === 'frames' && plan.isHeld
  let headers = exchange.requestHeaders(endToEndHeaders(side.headers, isHeld ? EXTENSIONS : undefined))
  const offers = isHeld ? readableOffers(headerValues(side.headers, 'sec-websocket-extensions')) : null
  if (offers !== null) headers = withHeader(headers, 'Sec-WebSocket-Extensions', offers)
  // HTTP/2 has no key (RFC 8441 section 5.1).
  if (side.http === '2') headers = withHeader(headers, 'sec-websocket-key', randomBytes(16).toString('base64'))
  return [...headers, 'Connection', 'Upgrade', 'Upgrade', headerValue(side.headers, 'upgrade') ?? 'websocket']
}

const EXTENSIONS: ReadonlySet<string> = new Set(['sec-websocket-extensions'])

interface Opened {
  readonly exchange: Exchange
  readonly relay: RelayRequest
  readonly answer: UpgradeAnswer
}

function carry(ports: EdgePorts, run: UpgradeRun, { exchange, relay, answer }: Opened): Promise<End> | End {
  const { side } = run
  if (answer.kind === 'failed') return failed(exchange, side, answer.error)
  if (answer.kind === 'declined') return declined(exchange, side, answer)
  const { plan } = exchange
  const extensions = agreedExtensions(headerValues(answer.headers, 'sec-websocket-extensions'))
  const isHeld = plan.kind === 'frames' && plan.isHeld
  // Over HTTP/2 the client cannot check: the key is ours.
  const mismatch = isHeld || side.http === '2' ? mismatchOf(relay.headers, answer.headers) : null
  const problem = mismatch ?? (isHeld ? extensionMismatch(relay.headers, extensions) : null)
  if (problem !== null) {
    answer.stream.destroy()
    return failed(exchange, side, new ProxyError('upstream-protocol', problem))
  }
  side.accept(answer.reason, answer.headers)
  return plan.kind === 'frames' && extensions.ok
    ? readMessages(ports, run, { exchange, plan, answer, extensions })
    : relayUnread(run, answer, plan.kind === 'frames')
}

function extensionMismatch(asked: RawHeaders, extensions: Extensions): string | null {
  if (!extensions.ok) return 'an extension that nobody offered'
  const isOffered = headerValue(asked, 'sec-websocket-extensions') !== null
  return extensions.deflate === null || isOffered ? null : 'an extension that nobody offered'
}

function failed(exchange: Exchange, side: UpgradeSide, error: ProxyError): End {
  const answer = exchange.fail(error)
  if (answer === null) side.cut()
  else side.answer(answer)
  return { status: answer?.status ?? null, bytesIn: 0, bytesOut: 0, error }
}

/** The answer is the last thing on this stream: what the client sent early is dropped. */
function declined(
  exchange: Exchange,
  side: UpgradeSide,
  answer: Extract<UpgradeAnswer, { kind: 'declined' }>,
): Promise<End> | End {
  const { status, reason, headers, body } = answer
  let to: Writable
  try {
    to = side.decline(status, reason, headers)
  } catch (thrown) {
    // HTTP/2 has no status 999, for one.
    body.destroy()
    return failed(exchange, side, new ProxyError('upstream-protocol', 'a head that cannot be passed on', thrown))
  }
  let bytesOut = 0
  return new Promise((resolve) => {
    const end = (error: ProxyError | null): void => {
      if (error !== null) side.cut()
      body.destroy()
      resolve({ status, bytesIn: 0, bytesOut, error })
    }
    body.on('data', (chunk: Buffer) => {
      bytesOut += chunk.length
    })
    body.once('close', () => end(body.readableEnded ? null : new ProxyError('upstream-reset')))
    to.once('close', () => end(to.writableFinished ? null : new ProxyError('client-gone')))
    body.pipe(to)
  })
}

interface ReadRun {
  readonly exchange: Exchange
  readonly plan: FramesPlan
  readonly answer: Switched
  readonly extensions: Extract<Extensions, { ok: true }>
}

async function readMessages(ports: EdgePorts, run: UpgradeRun, opened: ReadRun): Promise<End> {
  const { side, client, read, budget, idleMs } = run
  const { exchange, plan, answer, extensions } = opened
  const { dialect, isHeld, isRestored, maxBytes } = plan
  const input = { client, head: read.head, http: side.http, parent: exchange.id, dialect, isHeld, isRestored }
  const flow = openMessages(ports.flow, input)
  const { isUnread, ...end } = await runWebSocket({
    client: side.stream,
    upstream: answer.stream,
    cutClient: () => side.cut(),
    idleMs,
    flow,
    isHeld,
    isRestoring: isRestored,
    maxBytes,
    limits: ports.flow.limits,
    deflate: extensions.deflate,
    budget,
    room: (bytes, work) => ports.flow.decoding?.run(client.address, bytes, work) ?? work(),
    address: client.address,
  })
  return { ...end, status: statusOf(side), messages: flow.counts(), unread: isUnread ? 'websocket' : null }
}

/** `isUnread`: it should have been read. */
function relayUnread({ side, idleMs }: UpgradeRun, { stream }: Switched, isUnread: boolean): Promise<End> {
  return new Promise((resolve) => {
    const pair = new StreamPair(
      { client: side.stream, upstream: stream, cutClient: () => side.cut(), idleMs },
      {
        fromClient: (chunk) => pair.toUpstream(chunk),
        fromUpstream: (chunk) => pair.toClient(chunk),
        clientEnded: () => pair.endUpstream(),
        closed: (error) => {
          const { bytesIn, bytesOut } = pair
          resolve({ status: statusOf(side), bytesIn, bytesOut, error, unread: isUnread ? 'websocket' : null })
        },
      },
    )
    pair.start()
  })
}

const statusOf = ({ http }: UpgradeSide): number => (http === '2' ? 200 : 101)

const finish = (exchange: Exchange, end: End): Promise<void> =>
  exchange.finish({ ...end, upstreamMs: null, usage: null, isComplete: end.error === null, copy: null })
