/** The admin port: fastify with the guard in front, the open pages and the API. Started and stopped by `app.ts`. */
import { randomBytes } from 'node:crypto'
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import fastifySwagger from '@fastify/swagger'
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { formatAuthority } from '../domain/destination.ts'
import { type AllowedHosts, compileAllowedHosts } from './allowed-hosts.ts'
import { addApi } from './api-routes.ts'
import { createAttempts } from './attempts.ts'
import { guardRequest, setSecurityHeaders } from './guard.ts'
import { type ListenAddress, listenError, parseListen } from './listen.ts'
import { compileNetworks, type Networks } from './networks.ts'
import { addOpenPages } from './open-pages.ts'
import type { ControlPorts } from './ports.ts'
import { ApiProblem, PROBLEM_TYPE, type ProblemBody, problemBody } from './problem.ts'
import type { AdminToken } from './token.ts'

export interface ControlTls {
  /** PEM; the chain may follow the certificate. */
  readonly cert: string | Buffer
  readonly key: string | Buffer
  /** Of the key, when it is encrypted. */
  readonly passphrase?: string
}

export interface ControlOptions {
  /** `host:port`; port 0 picks a free one. */
  readonly listen: string
  readonly tls: ControlTls | null
  /** CIDR ranges of the clients. */
  readonly networks: readonly string[]
  /** How the outside calls this port, e.g. `https://weir.example.com`; `null` when only by its listen address. */
  readonly publicUrl: string | null
  /** None: every call of the API is refused. */
  readonly tokens: readonly AdminToken[]
  /** Version shown in the OpenAPI document. */
  readonly version?: string
  /** How long `stop` waits for running answers, milliseconds. */
  readonly drainMs?: number
  /** Monotonic milliseconds, for the limit on wrong tokens. */
  readonly tickMs?: () => number
}

export interface ControlServer {
  /** Listens; rejects with a `ControlListenError`. `address` is `host:port` as bound. */
  readonly start: () => Promise<{ readonly address: string }>
  /** Refuses new connections, lets running answers end, then closes what is left. */
  readonly stop: () => Promise<void>
}

const BODY_LIMIT_BYTES = 64 * 1024
const MAX_HEADER_BYTES = 16 * 1024
const REQUEST_TIMEOUT_MS = 30_000
const KEEP_ALIVE_MS = 5_000
const DRAIN_MS = 5_000

/** Make the admin port; nothing listens before `start`. Throws when `networks` is malformed. */
export function createControlServer(ports: ControlPorts, options: ControlOptions): ControlServer {
  const networks = checkedNetworks(options.networks)
  const isTls = options.tls !== null
  let hosts: AllowedHosts | null = null
  const allowedHosts = (): AllowedHosts => {
    if (hosts === null) throw new ApiProblem(503, 'the admin port is starting')
    return hosts
  }
  const guard = (request: FastifyRequest, reply: FastifyReply): void => {
    setSecurityHeaders(reply, isTls)
    guardRequest({ networks, hosts: allowedHosts }, request)
  }
  const app = newFastify(options.tls, guard)
  addErrors(app, ports)
  app.addHook('onRequest', async (request, reply) => guard(request, reply))
  addPages(app, ports, options)
  return {
    start: async () => {
      const bound = await open(app, options.listen)
      hosts = compileAllowedHosts({ listen: bound, publicUrl: options.publicUrl, isTls })
      return { address: formatAuthority(bound.host, bound.port) }
    },
    stop: () => stop(app, options.drainMs ?? DRAIN_MS),
  }
}

function checkedNetworks(ranges: readonly string[]): Networks {
  const result = compileNetworks(ranges)
  if (!result.ok) throw new Error(`admin.networks: ${result.problems.join('; ')}`)
  return result.networks
}

type Guard = (request: FastifyRequest, reply: FastifyReply) => void

function newFastify(tls: ControlTls | null, guard: Guard): FastifyInstance {
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  }
  return Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    clientErrorHandler: refuseMalformed,
    frameworkErrors: (_error, request, reply) => refuseBadUrl(guard, request, reply),
    serverFactory: (handler): Server =>
      tls === null
        ? createHttpServer(limits, handler)
        : createHttpsServer({ ...limits, ...tls, minVersion: 'TLSv1.2' }, handler),
  })
}

/** fastify answers a URL that it cannot route before any hook runs: the guard stands here too. */
function refuseBadUrl(guard: Guard, request: FastifyRequest, reply: FastifyReply): void {
  try {
    guard(request, reply)
    sendProblem(reply, 400, 'this URL cannot be read')
  } catch (error) {
    if (error instanceof ApiProblem) sendProblem(reply, error.status, error.detail)
    else sendProblem(reply, 500, 'the admin port has an internal fault')
  }
}

const MALFORMED: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'the header block is too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request came too slowly'],
}

/** Bytes that are no HTTP request: nothing of them is repeated. */
function refuseMalformed(error: Error, socket: Socket): void {
  const code = String((error as { readonly code?: unknown }).code)
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, detail] = MALFORMED[code] ?? [400, 'this is no valid HTTP request']
  const body = problemBody(status, detail)
  const text = JSON.stringify(body)
  const head = `content-type: ${PROBLEM_TYPE}\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close`
  socket.end(`HTTP/1.1 ${status} ${body.title}\r\n${head}\r\n\r\n${text}`)
}

function addPages(app: FastifyInstance, ports: ControlPorts, options: ControlOptions): void {
  const attempts = createAttempts({ nowMs: options.tickMs ?? (() => performance.now()) })
  // zod has checked the input in `route.ts`; fastify's own schemas only describe it.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  app.decorateRequest('actor', '')
  app.removeContentTypeParser('text/plain')
  app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Weir admin API', version: options.version ?? '0.0.0' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
  })
  app.register(
    (api, _options, done) => {
      addApi(api, ports, { tokens: options.tokens, attempts })
      done()
    },
    { prefix: '/api/v1' },
  )
  addOpenPages(app, ports)
}

/** All errors leave as problem+json; what nobody expected gets an id, under which the log has the rest. */
function addErrors(app: FastifyInstance, ports: ControlPorts): void {
  app.setNotFoundHandler(() => {
    throw new ApiProblem(
      404,
      'there is no such page: see /livez, /readyz, /metrics, /proxy.pac and /ca.pem; the API is under /api/v1',
    )
  })
  app.setErrorHandler((error: FastifyError | ApiProblem, request, reply) => {
    const address = request.raw.socket.remoteAddress ?? ''
    if (error instanceof ApiProblem) {
      if (error.cause !== undefined) ports.log?.error({ status: error.status, err: error.cause }, 'control.failed')
      else if (error.status !== 404) ports.log?.warn({ status: error.status, client: address }, 'control.refused')
      const extras = error.problems.length === 0 ? {} : { problems: error.problems }
      return sendProblem(reply.headers(error.headers), error.status, error.detail, extras)
    }
    const status = error.statusCode ?? 500
    if (status < 500) return sendProblem(reply, status, 'the request cannot be read: send small, valid JSON')
    const id = randomBytes(4).toString('hex')
    ports.log?.error({ id, err: error }, 'control.failed')
    return sendProblem(reply, 500, 'the admin port has an internal fault: the log has it under this id', { id })
  })
}

function sendProblem(
  reply: FastifyReply,
  status: number,
  detail: string,
  extras: Omit<Partial<ProblemBody>, 'type'> = {},
): FastifyReply {
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type(PROBLEM_TYPE)
    .send(problemBody(status, detail, extras))
}

async function open(app: FastifyInstance, address: string): Promise<ListenAddress> {
  const wanted = parseListen(address)
  await app.ready()
  try {
    await app.listen({ host: wanted.host, port: wanted.port })
  } catch (error) {
    await app.close()
    throw listenError(address, error)
  }
  const bound = app.server.address()
  return typeof bound === 'object' && bound !== null ? { host: bound.address, port: bound.port } : wanted
}

async function stop(app: FastifyInstance, drainMs: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), drainMs)
  await app.close()
  clearTimeout(timer)
}
