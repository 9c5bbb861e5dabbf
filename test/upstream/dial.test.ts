import type { LookupAddress } from 'node:dns'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { ProxyError } from '../../src/domain/proxy-error.ts'
import { createAddressGuard } from '../../src/upstream/address-guard.ts'
import { createDialer, type Dialer, type DialTarget } from '../../src/upstream/dial.ts'
import { startHttpsOrigin, startTcpOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'

const strict = createAddressGuard({ allowPrivate: [], ownPorts: () => [] })
const open = createAddressGuard({ allowPrivate: ['127.0.0.0/8', '::1'], ownPorts: () => [] })

interface Options {
  readonly guard?: typeof strict
  readonly pins?: Record<string, string>
  readonly extraRoots?: string[]
  readonly connectMs?: number
  readonly resolve?: (host: string) => LookupAddress[]
}

function dialer(options: Options = {}): Dialer {
  const lookup = (host: string, _options: object, done: (error: null, found: LookupAddress[]) => void): void =>
    done(null, options.resolve?.(host) ?? [{ address: '127.0.0.1', family: 4 }])
  return createDialer({
    guard: options.guard ?? open,
    pins: options.pins ?? {},
    extraRoots: options.extraRoots ?? [],
    connectMs: options.connectMs ?? 5000,
    handshakeMs: 5000,
    lookup: lookup as never,
  })
}

function dial(t: Test, from: Dialer, target: DialTarget): Promise<Socket | ProxyError> {
  return new Promise((resolve) => {
    from.dial(target, (error, socket) => {
      if (socket !== null) t.teardown(() => socket.destroy())
      resolve(error ?? (socket as Socket))
    })
  })
}

const codeOf = (result: Socket | ProxyError): string => ('code' in result ? result.code : 'connected')

t.test('a name that resolves to a private address is refused, one that is allowed connects', async (t) => {
  const origin = await startTcpOrigin(t, (socket) => socket.end('hi'))
  const target = { host: 'rebound.example', port: origin.port, isTls: false }
  t.equal(codeOf(await dial(t, dialer({ guard: strict }), target)), 'address-refused')
  t.equal(codeOf(await dial(t, dialer(), target)), 'connected')
})

t.test('of a name with public and private addresses only the allowed ones are dialled', async (t) => {
  const asked: string[] = []
  const guard = {
    refusal: (address: string) => {
      asked.push(address)
      return address === '127.0.0.1' ? null : 'refused for the test'
    },
  }
  const origin = await startTcpOrigin(t, (socket) => socket.end())
  const resolve = (): LookupAddress[] => [
    { address: '127.0.0.2', family: 4 },
    { address: '127.0.0.1', family: 4 },
  ]
  const result = await dial(t, dialer({ guard, resolve }), { host: 'two.example', port: origin.port, isTls: false })
  t.equal(codeOf(result), 'connected')
  t.equal((result as Socket).remoteAddress, '127.0.0.1')
  t.strictSame(asked, ['127.0.0.2', '127.0.0.1'])
})

t.test('an IP literal is checked without DNS', async (t) => {
  t.equal(
    codeOf(await dial(t, dialer({ guard: strict }), { host: '127.0.0.1', port: 9, isTls: false })),
    'address-refused',
  )
})

t.test('a pin skips DNS and guard but not the certificate checks', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end())
  const pins = { 'api.example.com:443': origin.address }
  const target = { host: 'api.example.com', port: 443, isTls: true }
  t.equal(codeOf(await dial(t, dialer({ guard: strict, pins, extraRoots: [pki.rootPem] }), target)), 'connected')
  const untrusted = await dial(t, dialer({ guard: strict, pins }), target)
  t.equal(codeOf(untrusted), 'upstream-certificate')
})

t.test('a bad upstream certificate is refused and the failing check is named', async (t) => {
  const pki = await makePki(t)
  const expired = await makePki(t, () => Date.now() - 400 * 86_400_000 * 3)
  const wrongName = await startHttpsOrigin(
    t,
    { ...pki, contextFor: () => pki.contextFor('other.example') },
    () => undefined,
  )
  const old = await startHttpsOrigin(t, expired, () => undefined)
  const pins = { 'a.example:443': wrongName.address, 'b.example:443': old.address }
  const from = dialer({ pins, extraRoots: [pki.rootPem, expired.rootPem] })
  const first = await dial(t, from, { host: 'a.example', port: 443, isTls: true })
  t.match(first, { code: 'upstream-certificate', detail: /made for another name \(ERR_TLS_CERT_ALTNAME_INVALID\)/u })
  const second = await dial(t, from, { host: 'b.example', port: 443, isTls: true })
  t.match(second, { code: 'upstream-certificate', detail: /expired \(CERT_HAS_EXPIRED\)/u })
})

t.test('a port where nobody listens and a server that is no TLS server have codes of their own', async (t) => {
  const origin = await startTcpOrigin(t, (socket) => socket.end('SSH-2.0-x\r\n'))
  const pins = { 'ssh.example:443': origin.address, 'closed.example:443': '127.0.0.1:1' }
  t.equal(
    codeOf(await dial(t, dialer({ pins }), { host: 'closed.example', port: 443, isTls: true })),
    'connect-refused',
  )
  t.equal(codeOf(await dial(t, dialer({ pins }), { host: 'ssh.example', port: 443, isTls: true })), 'upstream-tls')
})

t.test('a connection that was given up never calls back', async (t) => {
  const origin = await startTcpOrigin(t, (socket) => socket.on('error', () => undefined))
  let called = false
  const abandon = dialer().dial({ host: 'slow.example', port: origin.port, isTls: false }, () => {
    called = true
  })
  abandon()
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.notOk(called)
})
