import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { createPoster } from '../../../src/audit/sinks/http-post.ts'
import { makePki } from '../../helpers/pki.ts'
import { httpReceiver, listen } from './world.ts'

const NO_FILES = { caFile: null, certFile: null, keyFile: null }

t.test('body and headers arrive, the answer comes back, the connection is used again', async (t) => {
  const ports = new Set<unknown>()
  const { url, got } = await httpReceiver(t, (_received, response) => {
    ports.add(response.req.socket.remotePort)
    response.writeHead(202, { 'x-a': 'b' }).end('ü')
  })
  const poster = createPoster({ ...NO_FILES, timeoutMs: 5000 })
  for (let round = 0; round < 3; round++) {
    t.match(await poster.post(`${url}/in?a=1`, { 'x-token': 'hush' }, 'bödy'), {
      status: 202,
      headers: { 'x-a': 'b' },
      text: 'ü',
    })
  }
  t.match(got[0], {
    path: '/in?a=1',
    body: 'bödy',
    headers: { 'x-token': 'hush', 'content-length': '5', 'user-agent': 'weir' },
  })
  t.equal(ports.size, 1)
  poster.close()
})

t.test('a redirect is an answer like any other and is not followed', async (t) => {
  const target = await httpReceiver(t)
  const { url } = await httpReceiver(t, (_received, response) =>
    response.writeHead(307, { location: target.url }).end(),
  )
  const poster = createPoster({ ...NO_FILES, timeoutMs: 5000 })
  t.match(await poster.post(url, {}, 'x'), { status: 307 })
  t.equal(target.got.length, 0)
  poster.close()
})

t.test('an endless answer is read to 64 KiB', async (t) => {
  const { url } = await httpReceiver(t, (_received, response) => {
    const more = (): void => {
      while (response.writable && response.write('x'.repeat(16_384)));
    }
    response.on('drain', more)
    more()
  })
  const poster = createPoster({ ...NO_FILES, timeoutMs: 5000 })
  t.equal((await poster.post(url, {}, 'x')).text.length, 65_536)
  poster.close()
})

t.test('no answer, half an answer, a byte now and then, garbage: it ends by itself', async (t) => {
  const answers: Readonly<Record<string, string | null>> = {
    silent: null,
    half: 'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nx',
    garbage: '\u0000\u0001\r\n\r\n',
    closed: '',
  }
  for (const [name, answer] of Object.entries(answers)) {
    const port = await listen(
      t,
      createServer((socket) =>
        socket.once('data', () => {
          if (answer !== null) socket.end(answer)
        }),
      ),
    )
    const poster = createPoster({ ...NO_FILES, timeoutMs: 200 })
    await t.rejects(poster.post(`http://127.0.0.1:${port}/`, {}, 'x'), name)
    poster.close()
  }
  const port = await listen(
    t,
    createServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n')
      const timer = setInterval(() => socket.write('x'), 20)
      socket.on('close', () => clearInterval(timer))
    }),
  )
  const poster = createPoster({ ...NO_FILES, timeoutMs: 60 })
  await t.rejects(poster.post(`http://127.0.0.1:${port}/`, {}, 'x'), 'slow')
  poster.close()
})

t.test('HTTPS with the named root only', async (t) => {
  const pki = await makePki(t)
  const caFile = join(t.testdir({}), 'ca.pem')
  writeFileSync(caFile, pki.rootPem)
  const { url } = await httpReceiver(t, undefined, { context: await pki.contextFor('localhost') })
  const trusting = createPoster({ ...NO_FILES, caFile, timeoutMs: 5000 })
  t.match(await trusting.post(url, {}, 'x'), { status: 200 })
  trusting.close()
  const other = createPoster({ ...NO_FILES, timeoutMs: 5000 })
  await t.rejects(other.post(url, {}, 'x'), /certificate/i)
  other.close()
})

t.test('variables that name a proxy mean nothing here', async (t) => {
  const proxy = await httpReceiver(t)
  const { url, got } = await httpReceiver(t)
  for (const name of ['http_proxy', 'HTTP_PROXY']) {
    process.env[name] = proxy.url
    t.teardown(() => Reflect.deleteProperty(process.env, name))
  }
  const poster = createPoster({ ...NO_FILES, timeoutMs: 5000 })
  await poster.post(url, {}, 'x')
  t.equal(got.length, 1)
  t.equal(proxy.got.length, 0)
  poster.close()
})
