/** The plan `messages` of an exchange: each message of a stream is judged before it goes on (decision 0013). */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { parse } from 'yaml'
import type { LocalAnswer } from '../../src/domain/notice.ts'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import { openExchange } from '../../src/flow/exchange.ts'
import type { Exchange, StreamRefusal } from '../../src/flow/exchange-contract.ts'
import type { HeldBody } from '../../src/flow/ports.ts'
import { FRAME_COMPRESSED, frameBytes } from '../../src/wire/grpc-frames.ts'
import { alice, type FlowWorld, flowWorld, headOf } from './flow-world.ts'

type Message =
  | string
  | { readonly json: string }
  | { readonly gzip: string }
  | { readonly raw: string }
  | { readonly cut: HeldBody['cut'] }

interface Row {
  readonly it: string
  readonly tier: string
  readonly policy?: Record<string, unknown>
  readonly type: string
  readonly headers_in?: string[]
  readonly early?: boolean
  readonly messages?: readonly Message[]
  readonly plan: Record<string, unknown>
  readonly verdicts?: readonly string[]
  readonly records?: readonly string[]
  readonly first?: Record<string, unknown>
  readonly last?: Record<string, unknown>
}

const rows = parse(readFileSync(new URL('../cases/message-plans.yaml', import.meta.url), 'utf8')) as Row[]

/** A protobuf message with one short string field, number 1. */
const protobuf = (text: string): Buffer =>
  Buffer.concat([Buffer.from([0x0a, Buffer.byteLength(text)]), Buffer.from(text)])

function heldMessage(message: Message): HeldBody {
  if (typeof message === 'string') return { bytes: frameBytes(0, protobuf(message)), cut: null }
  if ('json' in message) return { bytes: frameBytes(0, Buffer.from(message.json)), cut: null }
  if ('gzip' in message) {
    return { bytes: frameBytes(FRAME_COMPRESSED, gzipSync(protobuf(message.gzip))), cut: null }
  }
  if ('raw' in message) return { bytes: Buffer.from(message.raw, 'hex'), cut: null }
  return { bytes: new Uint8Array(0), cut: message.cut }
}

const open = (world: FlowWorld, { type, headers_in = [] }: Pick<Row, 'type' | 'headers_in'>): Exchange =>
  openExchange(world.ports, {
    client: alice,
    head: headOf({
      headers: ['Host', 'api.alpha.test', 'User-Agent', 'alpha/1.2', 'Content-Type', type, ...headers_in],
    }),
    http: '2',
    hasBody: true,
  })

interface Played {
  readonly verdicts: string[]
  readonly refusal: StreamRefusal | null
  readonly answer: LocalAnswer | null
}

const STATUS: Readonly<Record<string, string>> = { '7': 'permission_denied', '8': 'resource_exhausted' }

/** What a refusal's answer says, in whichever protocol. */
function codeOf({ headers, body }: LocalAnswer): string {
  const at = headers.indexOf('grpc-status')
  if (at >= 0) return STATUS[headers[at + 1] ?? ''] ?? 'unknown'
  return (JSON.parse(Buffer.from(body).subarray(5).toString()) as { error: { code: string } }).error.code
}

/** Carries out the plan as the edge does. */
async function play(exchange: Exchange, row: Row): Promise<Played> {
  const verdicts: string[] = []
  let refusal: StreamRefusal | null = null
  let error: ProxyError | null = null
  let answer: LocalAnswer | null = null
  const upstream = { isAsked: false }
  const ask = async (): Promise<void> => {
    if (!upstream.isAsked && (await exchange.commit()) !== null) throw new Error('the intent was not written')
    upstream.isAsked = true
  }
  try {
    if (row.early === true) await ask()
    for (const message of row.messages ?? []) {
      refusal = await exchange.judgeMessage(heldMessage(message))
      verdicts.push(refusal === null ? 'pass' : codeOf(refusal.answer))
      if (refusal !== null) break
      await ask()
    }
    if (refusal !== null) answer = refusal.answer
    if (refusal !== null && upstream.isAsked) error = new ProxyError('message-blocked')
  } catch (thrown) {
    if (!(thrown instanceof ProxyError)) throw thrown
    error = thrown
    verdicts.push(thrown.code)
    answer = exchange.fail(thrown)
  }
  await exchange.finish({
    status: answer?.status ?? 200,
    bytesIn: 70,
    bytesOut: 5,
    upstreamMs: null,
    usage: null,
    error,
    isComplete: error === null,
    copy: null,
    messages: { in: verdicts.length, out: 0 },
  })
  return { verdicts, refusal, answer }
}

for (const row of rows) {
  t.test(row.it, async (t) => {
    const world = flowWorld({ tier: row.tier, policy: row.policy ?? {} })
    const exchange = open(world, row)
    t.match(exchange.plan, row.plan)
    if (row.verdicts === undefined) return
    const { verdicts } = await play(exchange, row)
    t.strictSame(verdicts, row.verdicts)
    t.strictSame(
      world.events.map(({ phase }) => phase),
      row.records,
    )
    if (row.first !== undefined) t.match(world.events[0], row.first)
    if (row.last !== undefined) t.match(world.events.at(-1), row.last)
    for (const event of world.events) {
      t.equal(event.flow, exchange.id)
      t.notMatch(JSON.stringify(event), /SECRET[123]/u, 'no record holds what was found')
    }
    t.match(world.events.at(-1), { messages: { in: verdicts.length, out: 0 } })
  })
}

const BLOCKED = { it: '', tier: 'restricted', plan: {}, messages: ['clean', 'a HIGHSECRET1 b'] } as const

t.test('inside a response that has begun each protocol ends in its own way', async (t) => {
  const endingOf = async (type: string): Promise<StreamRefusal['ending']> => {
    const { refusal } = await play(open(flowWorld({ tier: 'restricted' }), { type }), {
      ...BLOCKED,
      type,
      messages: type.endsWith('json') ? [{ json: '{"text":"a HIGHSECRET1 b"}' }] : BLOCKED.messages,
    })
    if (refusal === null) throw new Error(`${type}: nothing was refused`)
    return refusal.ending
  }
  const grpc = await endingOf('application/grpc')
  t.equal(grpc.bytes.length, 0)
  t.match(grpc.trailers, ['grpc-status', '7', 'grpc-message', /^Blocked by ACME policy/u])
  for (const type of ['application/grpc-web+proto', 'application/connect+proto', 'application/connect+json']) {
    const { bytes, trailers } = await endingOf(type)
    t.strictSame(trailers, [], type)
    const isWeb = type.includes('grpc-web')
    t.equal(bytes[0], isWeb ? 0x80 : 0x02, type)
    const text = Buffer.from(bytes).subarray(5).toString()
    if (isWeb) t.match(text, /^grpc-status: 7\r\ngrpc-message: Blocked by ACME policy[^\r\n]*\r\n$/u)
    else t.match(JSON.parse(text), { error: { code: 'permission_denied', message: /^Blocked by ACME policy/u } })
  }
})

t.test('the notice of a refusal names the exchange, before the response and in it', async (t) => {
  const world = flowWorld({ tier: 'restricted' })
  const exchange = open(world, { type: 'application/grpc' })
  const { refusal } = await play(exchange, { ...BLOCKED, type: 'application/grpc' })
  for (const lines of [refusal?.answer.headers, refusal?.ending.trailers]) {
    t.match(decodeURIComponent(lines?.[lines.indexOf('grpc-message') + 1] ?? ''), `event ${exchange.id}`)
  }
})

t.test('an intent that cannot be written stops the stream before anything goes upstream', async (t) => {
  const world = flowWorld({ tier: 'restricted' })
  world.audit.isDown = true
  const exchange = open(world, { type: 'application/grpc' })
  t.equal(await exchange.judgeMessage(heldMessage('clean')), null)
  const answer = await exchange.commit()
  t.not(answer, null, 'the tier says closed')
})

t.test('rules that change in the middle of a stream do not change its verdicts', async (t) => {
  const world = flowWorld({ tier: 'restricted' })
  const exchange = open(world, { type: 'application/grpc' })
  t.equal(await exchange.judgeMessage(heldMessage('clean')), null)
  world.snapshot = flowWorld({ tier: 'approved' }).snapshot
  t.not(await exchange.judgeMessage(heldMessage('a HIGHSECRET1 b')), null)
})
