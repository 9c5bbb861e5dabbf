/** A service of Connect, gRPC-Web and gRPC, its real server, and real clients that reach it through Weir. */
import { createSecureServer } from 'node:http2'
import { Agent } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { create, createFileRegistry, type DescService } from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  MethodOptions_IdempotencyLevel,
} from '@bufbuild/protobuf/wkt'
import { Code, ConnectError, type ConnectRouter, createClient, type Transport } from '@connectrpc/connect'
import {
  compressionGzip,
  connectNodeAdapter,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from '@connectrpc/connect-node'
import { makePki } from './pki.ts'
import type { Scope } from './scope.ts'
import { startWeir, type TestWeir } from './weir.ts'
import { tlsThrough } from './wire-client.ts'

/** One of Cursor's hosts, and a service under its package. */
export const CONNECT_HOST = 'api2.cursor.sh'
const PACKAGE = 'aiserver.v1'

export interface Line {
  readonly text: string
}

/** The four kinds of calls, the first with and without side effects. */
export interface ChatClient {
  readonly ask: (line: Line) => Promise<Line>
  /** Without side effects: may be sent by GET. */
  readonly look: (line: Line) => Promise<Line>
  readonly watch: (line: Line) => AsyncIterable<Line>
  readonly gather: (lines: AsyncIterable<Line>) => Promise<Line>
  readonly talk: (lines: AsyncIterable<Line>) => AsyncIterable<Line>
}

/** `service ChatService`, described without a generator. */
function chatService(): DescService {
  const method = (name: string, clientStreaming: boolean, serverStreaming: boolean) => ({
    name,
    inputType: `.${PACKAGE}.Line`,
    outputType: `.${PACKAGE}.Line`,
    clientStreaming,
    serverStreaming,
  })
  const file = create(FileDescriptorProtoSchema, {
    name: 'chat.proto',
    package: PACKAGE,
    syntax: 'proto3',
    messageType: [
      {
        name: 'Line',
        field: [
          {
            name: 'text',
            jsonName: 'text',
            number: 1,
            type: FieldDescriptorProto_Type.STRING,
            label: FieldDescriptorProto_Label.OPTIONAL,
          },
        ],
      },
    ],
    service: [
      {
        name: 'ChatService',
        method: [
          method('Ask', false, false),
          {
            ...method('Look', false, false),
            options: { idempotencyLevel: MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS },
          },
          method('Watch', false, true),
          method('Gather', true, false),
          method('Talk', true, true),
        ],
      },
    ],
  })
  const service = createFileRegistry(file, () => undefined).getService(`${PACKAGE}.ChatService`)
  if (service === undefined) throw new Error('the service was not described')
  return service
}

/** Answers with what it is told; `fail` in a text makes it fail. */
function routesFor(service: DescService, seen: string[]): (router: ConnectRouter) => void {
  const note = ({ text }: Line): Line => {
    seen.push(text)
    if (text.includes('fail')) throw new ConnectError('nothing there', Code.NotFound)
    return { text }
  }
  const implementation = {
    ask: note,
    look: note,
    watch: async function* (line: Line): AsyncIterable<Line> {
      const { text } = note(line)
      for (const index of [1, 2, 3]) yield await Promise.resolve({ text: `${text} ${index}` })
    },
    gather: async (lines: AsyncIterable<Line>): Promise<Line> => {
      const texts: string[] = []
      for await (const line of lines) texts.push(note(line).text)
      return { text: texts.join(' | ') }
    },
    talk: async function* (lines: AsyncIterable<Line>): AsyncIterable<Line> {
      for await (const line of lines) yield note(line)
    },
  }
  return (router) => router.service(service, implementation as never)
}

export type Protocol = 'connect-proto' | 'connect-json' | 'grpc-web' | 'grpc'
export interface ClientOptions {
  readonly protocol: Protocol
  readonly http: '1.1' | '2'
  /** Every message, however small, is sent with gzip. */
  readonly isCompressed?: boolean
}

export interface ConnectWorld {
  readonly weir: TestWeir
  /** Texts that the server received. */
  readonly seen: string[]
  readonly client: (options: ClientOptions) => Promise<ChatClient>
}

export async function startConnectWorld(t: Scope, tier: string): Promise<ConnectWorld> {
  const pki = await makePki(t)
  const service = chatService()
  const seen: string[] = []
  const port = await startServer(t, service, seen, (name) => pki.contextFor(name))
  const weir = await startWeir(t, {
    pins: { [`${CONNECT_HOST}:443`]: `127.0.0.1:${port}` },
    roots: [pki.rootPem],
    policy: (text) => text.replace('assign:', `assign:\n  - { tool: cursor, tier: ${tier} }`),
  })
  const client = async (options: ClientOptions): Promise<ChatClient> =>
    createClient(service, await transport(t, weir, options)) as unknown as ChatClient
  return { weir, seen, client }
}

async function startServer(
  t: Scope,
  service: DescService,
  seen: string[],
  contextFor: (name: string) => Promise<SecureContext>,
): Promise<number> {
  const server = createSecureServer(
    {
      allowHTTP1: true,
      SNICallback: (name, done) => {
        contextFor(name).then(
          (context) => done(null, context),
          (error: unknown) => done(error as Error),
        )
      },
    },
    connectNodeAdapter({ routes: routesFor(service, seen), acceptCompression: [compressionGzip] }),
  )
  const sockets = new Set<Socket>()
  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('sessionError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

async function transport(
  t: Scope,
  weir: TestWeir,
  { protocol, http, isCompressed }: ClientOptions,
): Promise<Transport> {
  const shared = {
    baseUrl: `https://${CONNECT_HOST}`,
    useBinaryFormat: protocol !== 'connect-json',
    useHttpGet: true,
    ...(isCompressed === true ? { sendCompression: compressionGzip, compressMinBytes: 0 } : {}),
  }
  const open = async (alpn: string): Promise<Socket> => {
    const socket = await tlsThrough(weir.port, `${CONNECT_HOST}:443`, { ca: weir.ca, ALPNProtocols: [alpn] })
    socket.on('error', () => undefined)
    t.teardown(() => socket.destroy())
    return socket
  }
  if (http === '1.1') {
    // An agent, since a bare `createConnection` would make node:http write port 80 into Host.
    const agent = new Agent()
    const createConnection = (_options: object, done: (error: Error | null, socket: Socket) => void): void => {
      open('http/1.1').then(
        (socket) => done(null, socket),
        (error: unknown) => done(error as Error, null as never),
      )
    }
    Object.assign(agent, { createConnection })
    const options = { ...shared, httpVersion: '1.1' as const, nodeOptions: { agent } }
    return protocol === 'grpc-web' ? createGrpcWebTransport(options) : createConnectTransport(options)
  }
  const socket = await open('h2')
  const sessionManager = new Http2SessionManager(shared.baseUrl, undefined, { createConnection: () => socket })
  t.teardown(() => sessionManager.abort())
  const options = { ...shared, httpVersion: '2' as const, sessionManager }
  if (protocol === 'grpc') return createGrpcTransport(options)
  return protocol === 'grpc-web' ? createGrpcWebTransport(options) : createConnectTransport(options)
}
