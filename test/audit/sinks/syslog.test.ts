import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { createSyslogSink, octetCounted, syslogMessage } from '../../../src/audit/sinks/syslog.ts'
import { makePki } from '../../helpers/pki.ts'
import { HOSTILE, listen, message, splitFrames, syslogReceiver, syslogSettings } from './world.ts'

const HEADER = { facility: 13, host: 'gw1', processId: 7 }

t.test(
  'a message has priority, time, host, phase and the id in its structured data (RFC 5424 section 6)',
  async (t) => {
    t.equal(
      syslogMessage(message('01A', { severity: 'warning', text: '{"a":1}' }), HEADER),
      '<108>1 2026-11-23T10:00:00.123Z gw1 weir 7 outcome [weir@32473 id="01A"] {"a":1}',
    )
  },
)

t.test('the length in front counts bytes, and whatever stands in a message, frames stay apart', async (t) => {
  t.equal(octetCounted('ü'), '2 ü')
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), (texts) => {
      const messages = texts.map((text) => syslogMessage(message('A', { text }), HEADER))
      const frames = splitFrames(Buffer.from(messages.map(octetCounted).join('')))
      t.strictSame(
        frames,
        messages.map((each) => Buffer.from(each).toString()),
      )
    }),
  )
})

t.test('no id, phase or time can write into the header', async (t) => {
  const text = syslogMessage(message(`a"] x${HOSTILE}`, { phase: 'a b\n', time: '' }), HEADER)
  t.match(text, /^<110>1 - gw1 weir 7 ab \[weir@32473 id="[!-~]*"\] /)
  t.equal(text.split('"').length - 1 - (text.split('{')[1]?.split('"').length ?? 1) + 1, 2, 'two quotes in the data')
})

t.test('a delivery counts when the receiver has read to its end', async (t) => {
  const receiver = await syslogReceiver(t)
  const sink = createSyslogSink(syslogSettings(receiver.port))
  t.strictSame(await sink.send([message('A'), message('B')]), { kind: 'delivered' })
  t.match(receiver.frames(), [/id="A"\] \{"id":"A"\}$/, /id="B"/])
  t.strictSame(await sink.send([message('C')]), { kind: 'delivered' })
  t.equal(receiver.connections(), 2)
  await sink.close()
})

t.test('confirm none: one connection for all, and a new one when it was closed', async (t) => {
  const receiver = await syslogReceiver(t)
  const sink = createSyslogSink(syslogSettings(receiver.port, { confirm: 'none' }))
  for (const id of ['A', 'B', 'C']) t.strictSame(await sink.send([message(id)]), { kind: 'delivered' })
  await sink.close()
  while (receiver.frames().length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
  t.equal(receiver.connections(), 1)
})

t.test('a receiver that ends, resets or never reads has not got it', async (t) => {
  const cases: Readonly<Record<string, (socket: Socket) => void>> = {
    'ends at once': (socket) => socket.end(),
    'resets at once': (socket) => socket.resetAndDestroy(),
    'resets after the first bytes': (socket) => socket.once('data', () => socket.resetAndDestroy()),
    'ends after the first bytes': (socket) => socket.once('data', () => socket.destroy()),
    'never reads': (socket) => socket.pause(),
  }
  const sizes = [8, 8_000_000]
  const all = sizes.flatMap((size) => Object.entries(cases).map(([name, play]) => ({ name, play, size })))
  for (const { name, play, size } of all) {
    const port = await listen(t, createServer({ pauseOnConnect: name === 'never reads', allowHalfOpen: true }, play))
    const sink = createSyslogSink(syslogSettings(port, { timeoutMs: 300 }))
    const text = 'x'.repeat(size)
    t.match(await sink.send([message('A', { text })]), { kind: 'retry', why: /./ }, `${name}, ${size} bytes`)
    await sink.close()
  }
})

t.test('a receiver that keeps talking without ever ending is given up', async (t) => {
  const timers: NodeJS.Timeout[] = []
  t.teardown(() => timers.forEach(clearInterval))
  const chat = (socket: Socket): void => {
    socket.resume()
    timers.push(setInterval(() => socket.writable && socket.write('x'), 10))
  }
  const port = await listen(t, createServer({ allowHalfOpen: true }, chat))
  const sink = createSyslogSink(syslogSettings(port, { timeoutMs: 60 }))
  t.match(await sink.send([message('A')]), { kind: 'retry', why: 'not done within 600 ms' })
  await sink.close()
})

t.test('confirm none: a kept connection that takes nothing more is given up, too', async (t) => {
  const sockets: Socket[] = []
  const port = await listen(
    t,
    createServer({ pauseOnConnect: true }, (socket) => sockets.push(socket)),
  )
  const sink = createSyslogSink(syslogSettings(port, { confirm: 'none', timeoutMs: 100 }))
  t.strictSame(await sink.send([message('A')]), { kind: 'delivered' })
  t.match(await sink.send([message('B', { text: 'x'.repeat(16_000_000) })]), { kind: 'retry', why: /./ })
  t.equal(sockets.length, 1)
  await sink.close()
})

t.test('nobody listens: it is said and tried again', async (t) => {
  const server = createServer()
  const port = await listen(t, server)
  await new Promise((resolve) => server.close(resolve))
  t.match(await createSyslogSink(syslogSettings(port)).send([message('A')]), { kind: 'retry', why: /ECONNREFUSED/ })
})

t.test('TLS: a receiver whose root is named is trusted, another one is not, nor one of another name', async (t) => {
  const pki = await makePki(t)
  const dir = t.testdir({})
  const caFile = join(dir, 'ca.pem')
  writeFileSync(caFile, pki.rootPem)
  const receiver = await syslogReceiver(t, await pki.contextFor('localhost'))
  const settings = syslogSettings(receiver.port, { host: 'localhost', tls: true, caFile })
  const big = message('A', { text: 'x'.repeat(3_000_000) })
  t.strictSame(await createSyslogSink(settings).send([big, message('B')]), { kind: 'delivered' })
  t.equal(receiver.frames().length, 2)
  t.match(await createSyslogSink({ ...settings, caFile: null }).send([message('A')]), {
    kind: 'retry',
    why: /certificate/i,
  })
  t.match(await createSyslogSink({ ...settings, host: '127.0.0.1' }).send([message('A')]), { kind: 'retry', why: /./ })
  t.match(await createSyslogSink({ ...settings, caFile: join(dir, 'no.pem') }).send([message('A')]), {
    kind: 'retry',
    why: /ENOENT/,
  })
  t.equal(receiver.frames().length, 2)
})

t.test('TLS to a receiver that speaks none ends', async (t) => {
  const port = await listen(
    t,
    createServer((socket) => socket.on('data', () => undefined)),
  )
  const probe = connect(port, '127.0.0.1')
  await once(probe, 'connect')
  probe.destroy()
  const sink = createSyslogSink(syslogSettings(port, { tls: true, timeoutMs: 200 }))
  t.match(await sink.send([message('A')]), { kind: 'retry', why: /no answer for 200 ms/ })
})
