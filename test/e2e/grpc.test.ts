/** A real gRPC server and client with Weir between them: both directions at once, nothing lost, refused in gRPC's own words. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import t, { type Test } from 'tap'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'

const HOST = 'duo-workflow-svc.runway.gitlab.net'
const KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')

/** A message with one string field, number 1: as any protobuf library writes it. */
function message(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length: number[] = []
  for (let rest = bytes.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  return Buffer.concat([Buffer.from([0x0a, ...length]), bytes])
}

const raw = { serialize: (bytes: Buffer): Buffer => bytes, deserialize: (bytes: Buffer): Buffer => bytes }
const method = (name: string, isStream: boolean): MethodDefinition<Buffer, Buffer> => ({
  path: `/DuoWorkflow/${name}`,
  requestStream: isStream,
  responseStream: isStream,
  requestSerialize: raw.serialize,
  requestDeserialize: raw.deserialize,
  responseSerialize: raw.serialize,
  responseDeserialize: raw.deserialize,
})
const ECHO = method('Echo', false)
const CHAT = method('Chat', true)

/** A certificate for the host that is its own root; keys are made per run. */
function certificate(): { cert: string; key: string } {
  const dir = mkdtempSync(join(tmpdir(), 'weir-grpc-'))
  try {
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
    const files = ['-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')]
    execFileSync('openssl', [...args, ...files, '-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`], {
      stdio: 'ignore',
    })
    return { cert: readFileSync(join(dir, 'cert.pem'), 'utf8'), key: readFileSync(join(dir, 'key.pem'), 'utf8') }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

interface Stage {
  readonly weir: TestWeir
  readonly client: Client
  /** Messages that the server received. */
  readonly seen: Buffer[]
}

async function stage(t: Test, tier: string): Promise<Stage> {
  const { cert, key } = certificate()
  const seen: Buffer[] = []
  const server = new Server()
  server.addService(
    { Echo: ECHO, Chat: CHAT },
    {
      Echo: (
        call: { request: Buffer; metadata: Metadata },
        done: (error: object | null, reply?: Buffer, trailer?: Metadata) => void,
      ) => {
        seen.push(call.request)
        const trailer = new Metadata()
        trailer.set('x-trailer', String(call.metadata.get('x-asked')[0]))
        if (call.request.includes('fail')) done({ code: status.NOT_FOUND, details: 'nothing there', metadata: trailer })
        else done(null, call.request, trailer)
      },
      Chat: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', (bytes: Buffer) => {
          seen.push(bytes)
          call.write(bytes)
        })
        call.on('end', () => call.end())
        call.on('error', () => undefined)
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) => {
    const secure = ServerCredentials.createSsl(null, [{ private_key: Buffer.from(key), cert_chain: Buffer.from(cert) }])
    server.bindAsync('127.0.0.1:0', secure, (error, bound) => (error === null ? resolve(bound) : reject(error)))
  })
  t.teardown(() => server.forceShutdown())
  const weir = await startWeir(t, {
    pins: { [`${HOST}:443`]: `127.0.0.1:${port}` },
    roots: [cert],
    policy: (text) => text.replace('assign:', `assign:\n  - { tool: gitlab-duo, tier: ${tier} }`),
  })
  // The proxy variable is how gRPC clients are sent through a proxy; it is read when the client is made.
  process.env['grpc_proxy'] = `http://127.0.0.1:${weir.port}`
  const client = new Client(`${HOST}:443`, credentials.createSsl(Buffer.from(weir.ca)))
  Reflect.deleteProperty(process.env, 'grpc_proxy')
  t.teardown(() => client.close())
  return { weir, client, seen }
}

interface Answer {
  readonly error: ServiceError | null
  readonly reply: Buffer | undefined
  readonly trailer: Metadata
}

function echo({ client }: Stage, text: string): Promise<Answer> {
  const metadata = new Metadata()
  metadata.set('x-asked', 'yes')
  return new Promise((resolve) => {
    let error: ServiceError | null = null
    let reply: Buffer | undefined
    const call = client.makeUnaryRequest(ECHO.path, raw.serialize, raw.deserialize, message(text), metadata, (e, r) => {
      error = e
      reply = r
    })
    call.on('status', ({ metadata: trailer }) => setImmediate(() => resolve({ error, reply, trailer })))
  })
}

t.test('one call passes with its metadata, its trailers and the status of the server', async (t) => {
  const world = await stage(t, 'restricted')
  const good = await echo(world, 'hello')
  t.equal(good.error, null)
  t.ok(good.reply?.equals(message('hello')))
  t.strictSame(good.trailer.get('x-trailer'), ['yes'])
  const bad = await echo(world, 'fail')
  t.match(bad.error, { code: status.NOT_FOUND, details: 'nothing there' })
})

t.test('four streams in both directions at once lose nothing', async (t) => {
  const world = await stage(t, 'restricted')
  const COUNT = 500
  await Promise.all(
    [0, 1, 2, 3].map(async (stream) => {
      const call = world.client.makeBidiStreamRequest(CHAT.path, raw.serialize, raw.deserialize)
      const received: string[] = []
      await new Promise<void>((resolve, reject) => {
        // Each message is sent when the one before came back: a proxy that holds the stream would never answer.
        const send = (index: number): void => {
          if (index === COUNT) call.end()
          else call.write(message(`stream ${stream} message ${index} ${'x'.repeat(index)}`))
        }
        call.on('data', (bytes: Buffer) => {
          received.push(bytes.toString('latin1'))
          send(received.length)
        })
        call.on('error', reject)
        call.on('end', resolve)
        send(0)
      })
      t.equal(received.length, COUNT, `stream ${stream}`)
      t.ok(
        received.every((text, index) => text.endsWith(`stream ${stream} message ${index} ${'x'.repeat(index)}`)),
        `stream ${stream} in order`,
      )
    }),
  )
  const events = flowEvents(
    await world.weir.waitForEvents((all) => flowEvents(all).filter(({ phase }) => phase === 'outcome').length >= 4),
  )
  const outcomes = events.filter(({ phase }) => phase === 'outcome')
  t.match(outcomes[0], { complete: true, messages: { in: COUNT, out: COUNT }, error: null })
})

t.test('a prohibited tool is refused in gRPC, with the notice', async (t) => {
  const world = await stage(t, 'prohibited')
  const { error } = await echo(world, 'hello')
  t.equal(error?.code, status.PERMISSION_DENIED)
  t.match(error?.details, /^Blocked by ACME policy: .* is prohibited/u)
  t.equal(world.seen.length, 0, 'the server is never asked')
})

t.test('a secret in a message of a restricted tool does not leave, in the first message and later', async (t) => {
  const world = await stage(t, 'restricted')
  const { error } = await echo(world, `deploy with ${KEY} please`)
  t.equal(error?.code, status.PERMISSION_DENIED)
  const call = world.client.makeBidiStreamRequest(CHAT.path, raw.serialize, raw.deserialize)
  const late = await new Promise<ServiceError>((resolve) => {
    call.on('error', (reason: ServiceError) => resolve(reason))
    call.on('data', () => call.write(message(`deploy with ${KEY} please`)))
    call.write(message('hello'))
  })
  t.equal(late.code, status.PERMISSION_DENIED, late.details)
  t.notOk(
    world.seen.some((bytes) => bytes.includes(KEY)),
    'the server saw no key',
  )
  t.ok(
    world.seen.some((bytes) => bytes.includes('hello')),
    'and what was clean',
  )
})

t.test('a secret in a message of a monitored tool passes and is counted', async (t) => {
  const world = await stage(t, 'monitored')
  const { error } = await echo(world, `deploy with ${KEY} please`)
  t.equal(error, null)
  const events = flowEvents(
    await world.weir.waitForEvents((all) => flowEvents(all).some(({ phase }) => phase === 'outcome')),
  )
  const findings = events.find(({ phase }) => phase === 'outcome')?.['findings'] as { detector: string }[]
  t.match(findings, [{ detector: /aws/u, count: 1 }])
})
