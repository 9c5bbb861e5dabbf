import type { AddressInfo } from 'node:net'
import { connect, createServer, type SecureContext, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import type { CertificateSource } from '../../src/ca/certificate-source.ts'
import { createLeafCache, type LeafCache } from '../../src/ca/leaf-cache.ts'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import { DAY_MS, makeCa, NOW_MS, sourceOf, type TestCa } from './make-ca.ts'

const root = makeCa()

interface Clock {
  ms: number
}

const make = (
  source: CertificateSource = sourceOf(root),
  options: { leafDays?: number; maxContexts?: number } = {},
) => {
  const clock: Clock = { ms: NOW_MS }
  const cache = createLeafCache(source, { leafDays: 90, nowMs: () => clock.ms, ...options })
  return { cache, clock }
}

/** A source whose signer answers only when told to. */
function slowSource(ca: TestCa = root) {
  const waiting: (() => void)[] = []
  let signed = 0
  const source: CertificateSource = {
    ...sourceOf(ca),
    signer: {
      ...ca.signer,
      sign: (tbs) =>
        new Promise((resolve) => {
          waiting.push(() => {
            signed += 1
            resolve(ca.signer.sign(tbs))
          })
        }),
    },
  }
  return { source, release: () => waiting.splice(0).forEach((go) => go()), signed: () => signed, waiting }
}

/** Serve a cache by SNI; answers a function that connects as a client. The CA must be valid today: OpenSSL has its own clock. */
async function serve(t: Test, cache: LeafCache, ca: TestCa) {
  const server = createServer({
    SNICallback: (name, done) => {
      Promise.resolve(cache.contextFor(name)).then((context) => done(null, context), done)
    },
  })
  server.on('secureConnection', (socket: TLSSocket) => socket.on('error', () => undefined).end('hi'))
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  return (servername: string, session?: Buffer) =>
    new Promise<{ isAuthorized: boolean; isReused: boolean; protocol: string | null; session: Buffer | undefined }>(
      (resolve, reject) => {
        const options = { port, host: '127.0.0.1', servername, ca: ca.pem, ...(session && { session }) }
        const socket = connect({ ...options, checkServerIdentity: () => undefined })
        let latest: Buffer | undefined
        socket.on('session', (ticket) => (latest = ticket))
        socket.on('error', reject)
        socket.once('secureConnect', () => {
          const seen = {
            isAuthorized: socket.authorized,
            isReused: socket.isSessionReused(),
            protocol: socket.getProtocol(),
          }
          socket.resume().on('close', () => resolve({ ...seen, session: latest }))
        })
      },
    )
}

t.test('a host is minted once, then answered at once from the cache', async (t) => {
  const { cache } = make()
  const first = cache.contextFor('a.test')
  t.notOk(first instanceof Promise, 'a key in memory needs no waiting')
  t.equal(cache.contextFor('a.test'), first)
  t.not(cache.contextFor('b.test'), first)
  t.equal(cache.size(), 2)
})

t.test('a slow signer is asked once for a host, however many ask', async (t) => {
  const { source, release, signed } = slowSource()
  const { cache } = make(source)
  const asked = Array.from({ length: 10 }, () => cache.contextFor('a.test'))
  t.ok(asked[0] instanceof Promise)
  release()
  const contexts = await Promise.all(asked.map((one) => Promise.resolve(one)))
  t.equal(new Set(contexts).size, 1)
  t.equal(signed(), 1)
  t.equal(cache.contextFor('a.test'), contexts[0])
})

t.test('a signer that fails is asked again the next time, and its own words stay inside', async (t) => {
  let fails = true
  const source: CertificateSource = {
    ...sourceOf(root),
    signer: {
      ...root.signer,
      sign: (tbs) => (fails ? Promise.reject(new Error('pin 1234')) : Promise.resolve(root.signer.sign(tbs))),
    },
  }
  const { cache } = make(source)
  const error = await Promise.resolve(cache.contextFor('a.test')).catch((caught: unknown) => caught)
  t.ok(error instanceof ProxyError)
  t.match(error, { code: 'mint-failed', message: 'no certificate could be made for this host: the signer failed' })
  fails = false
  t.ok(await cache.contextFor('a.test'))
})

t.test('a host that the CA may not speak for is refused with the reason', async (t) => {
  const { cache } = make(sourceOf(makeCa({ constraints: [['anthropic.com'], []] })))
  t.ok(cache.contextFor('api.anthropic.com'))
  await t.rejects(Promise.resolve(cache.contextFor('api.openai.com')), {
    code: 'mint-failed',
    detail: /outside the names/,
  })
  t.equal(cache.size(), 1)
})

t.test('a context is dropped well before its leaf ends', async (t) => {
  const { cache, clock } = make(sourceOf(root), { leafDays: 4 })
  const first = cache.contextFor('a.test')
  clock.ms += 2 * DAY_MS - 1
  t.equal(cache.contextFor('a.test'), first)
  clock.ms += 2
  t.not(cache.contextFor('a.test'), first)
})

t.test('a long-lived leaf is minted again every week', async (t) => {
  const { cache, clock } = make()
  const first = cache.contextFor('a.test')
  clock.ms += 7 * DAY_MS + 1
  t.not(cache.contextFor('a.test'), first)
})

t.test('when the CA ends, minting is refused', async (t) => {
  const { cache, clock } = make(sourceOf(makeCa({ notAfterMs: NOW_MS + DAY_MS })))
  t.ok(cache.contextFor('a.test'))
  clock.ms += DAY_MS
  await t.rejects(Promise.resolve(cache.contextFor('a.test')), { message: /expired on 2026-11-23/ })
})

t.test('the cache is bounded', async (t) => {
  const { cache } = make(sourceOf(root), { maxContexts: 3 })
  const first = cache.contextFor('h0.test')
  for (let index = 1; index < 6; index += 1) cache.contextFor(`h${index}.test`)
  t.equal(cache.size(), 3)
  t.not(cache.contextFor('h0.test'), first)
})

t.test('after a change of CA every context is new, also one that was being minted', async (t) => {
  const slow = slowSource()
  const { cache } = make(slow.source)
  const pending = cache.contextFor('a.test')
  const next = makeCa({ name: 'Next' })
  cache.replaceSource(sourceOf(next))
  const direct = cache.contextFor('a.test')
  slow.release()
  const late: SecureContext = await pending
  t.equal(late, direct, 'the waiting connection gets the certificate of the new CA')
  t.equal(cache.contextFor('a.test'), direct)
})

t.test('real clients accept the contexts, over TLS 1.2 or later, and resume their sessions', async (t) => {
  const ca = makeCa({ notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + DAY_MS })
  const cache = createLeafCache(sourceOf(ca), { leafDays: 90, nowMs: Date.now })
  const visit = await serve(t, cache, ca)
  const first = await visit('api.anthropic.com')
  t.equal(first.isAuthorized, true)
  t.match(first.protocol, /^TLSv1\.[23]$/)
  t.ok(first.session)
  const again = await visit('api.anthropic.com', first.session)
  t.equal(again.isReused, true)
})
