import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import forge from 'node-forge'
import t from 'tap'
import { createControlServer } from '../../src/control/server.ts'
import { fakePorts, rawGet, sendRaw, startControl, thrownBy } from './fixture.ts'

const options = { listen: '127.0.0.1:0', tls: null, networks: ['127.0.0.0/8'], publicUrl: null, tokens: [] }

t.test('a taken port is a typed error that says what to do', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const listen = `127.0.0.1:${(other.address() as AddressInfo).port}`
  const server = createControlServer(fakePorts().ports, { ...options, listen })
  await t.rejects(server.start(), {
    name: 'ControlListenError',
    failure: 'port-taken',
    listen,
    message: /admin\.listen/,
  })
})

t.test('an address that is not of this machine is a typed error', async (t) => {
  const server = createControlServer(fakePorts().ports, { ...options, listen: '192.0.2.1:0' })
  t.match(await thrownBy(server.start), { failure: 'address-not-here' })
})

t.test('malformed networks are refused when the server is made', async (t) => {
  t.throws(() => createControlServer(fakePorts().ports, { ...options, networks: ['lan'] }), {
    message: /admin\.networks.*lan/,
  })
})

t.test('stop lets a running answer end and then refuses connections', async (t) => {
  const asked = Promise.withResolvers<undefined>()
  const text = Promise.withResolvers<string>()
  const scrape = (): Promise<string> => {
    asked.resolve(undefined)
    return text.promise
  }
  const server = createControlServer(fakePorts({ metrics: { scrape } }).ports, options)
  const { address } = await server.start()
  const answer = sendRaw(address, rawGet('/metrics', `host: ${address}`))
  await asked.promise
  const stopped = server.stop()
  text.resolve('weir_up 1\n')
  t.match(await answer, /weir_up 1/)
  await stopped
  t.match(await thrownBy(() => sendRaw(address, rawGet('/livez', `host: ${address}`))), { code: 'ECONNREFUSED' })
})

t.test('stop does not wait for ever for an answer that never ends', async (t) => {
  const asked = Promise.withResolvers<undefined>()
  const scrape = (): Promise<string> => {
    asked.resolve(undefined)
    return new Promise(() => undefined)
  }
  const server = createControlServer(fakePorts({ metrics: { scrape } }).ports, { ...options, drainMs: 20 })
  const { address } = await server.start()
  const answer = sendRaw(address, rawGet('/metrics', `host: ${address}`)).catch(() => '')
  await asked.promise
  await server.stop()
  t.equal(await answer, '')
})

t.test('an unexpected fault is answered with an id, and only the log has the rest', async (t) => {
  const scrape = (): Promise<string> => Promise.reject(new Error('secret detail /etc/x'))
  const { get, logged } = await startControl(t, { metrics: { scrape } })
  const answer = await get('/metrics')
  t.equal(answer.status, 500)
  t.match(answer.json, { status: 500, id: /^[0-9a-f]{8}$/ })
  t.notMatch(answer.text, /secret detail/)
  t.match(logged, [{ id: answer.json.id, event: 'control.failed', err: { message: /secret detail/ } }])
})

t.test('when the admin event cannot be recorded, nothing is read out', async (t) => {
  const record = (): never => {
    throw new Error('no audit')
  }
  const { get } = await startControl(t, { audit: { record, recordFirst: async () => record() } })
  const answer = await get('/api/v1/events')
  t.equal(answer.status, 500)
  t.notMatch(answer.text, /claude-code/)
})

t.test('what is no HTTP is answered 400 and closed, and none of it comes back', async (t) => {
  const { address } = await startControl(t)
  for (const bytes of [
    '<script>alert(1)</script>\r\n\r\n',
    '\x16\x03\x01\x02\x00',
    'GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
  ]) {
    const answer = await sendRaw(address, bytes)
    t.match(answer, /^HTTP\/1\.1 4\d\d [^]*problem\+json/)
    t.notMatch(answer, /script|%zz/)
  }
})

t.test('the guard stands before URLs that cannot be routed, too', async (t) => {
  const { address } = await startControl(t)
  t.match(await sendRaw(address, rawGet('/%zz', 'host: evil.example')), /^HTTP\/1\.1 421 /)
  t.match(await sendRaw(address, rawGet('/%zz', `host: ${address}`)), /^HTTP\/1\.1 400 [^]*frame-ancestors/)
})

t.test('long heads are refused', async (t) => {
  const { address } = await startControl(t)
  const answer = await sendRaw(address, rawGet('/livez', `host: ${address}`, `x: ${'y'.repeat(20_000)}`))
  t.match(answer, /^HTTP\/1\.1 431 [^]*problem\+json/)
})

/** A self-signed certificate for 127.0.0.1, made for this run. */
function selfSigned(): { readonly cert: string; readonly key: string } {
  const pem = { type: 'spki', format: 'pem' } as const
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: pem,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(pair.publicKey)
  certificate.serialNumber = '01'
  certificate.validity.notBefore = new Date(Date.now() - 3_600_000)
  certificate.validity.notAfter = new Date(Date.now() + 3_600_000)
  certificate.setSubject([{ name: 'commonName', value: 'test' }])
  certificate.setIssuer([{ name: 'commonName', value: 'test' }])
  certificate.setExtensions([{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }])
  certificate.sign(forge.pki.privateKeyFromPem(pair.privateKey), forge.md.sha256.create())
  return { cert: forge.pki.certificateToPem(certificate), key: pair.privateKey }
}

t.test('with a certificate it speaks TLS and asks browsers to stay with it', async (t) => {
  const tls = selfSigned()
  const server = createControlServer(fakePorts().ports, { ...options, tls })
  const { address } = await server.start()
  t.teardown(() => server.stop())
  const request = httpsRequest(`https://${address}/livez`, { ca: tls.cert, agent: false }).end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  t.equal(response.statusCode, 200)
  t.match(response.headers['strict-transport-security'], /max-age=/)
})
