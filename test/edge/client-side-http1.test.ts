import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { Http1ClientSide } from '../../src/edge/client-side-http1.ts'
import { startHttpOrigin } from '../helpers/origin.ts'
import { readToEnd } from '../helpers/stage.ts'
import { openSocket, readUntil } from '../helpers/wire-client.ts'

/** A real connection whose requests come as client sides; `send` writes the request. */
async function serve(t: Test, handle: (side: Http1ClientSide) => void): Promise<(text: string) => Promise<Socket>> {
  const origin = await startHttpOrigin(t, (request, response) => handle(new Http1ClientSide(request, response)))
  origin.server.on('checkContinue', (request, response) => handle(new Http1ClientSide(request, response)))
  return async (text) => {
    const socket = await openSocket(origin.port)
    t.teardown(() => socket.destroy())
    socket.write(text)
    return socket
  }
}

t.test('the head says what comes: nothing, a length, or chunks', async (t) => {
  const seen: unknown[] = []
  const send = await serve(t, (side) => {
    seen.push([side.http, side.hasBody, side.declaredBytes])
    side.answer({ status: 200, headers: ['content-length', '0'], body: new Uint8Array() })
  })
  for (const text of [
    'GET / HTTP/1.0\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ]) {
    await readToEnd(await send(text))
  }
  t.strictSame(seen, [
    ['1.0', false, null],
    ['1.1', false, 0],
    ['1.1', true, 2],
    ['1.1', true, null],
  ])
})

t.test('bytes of a header line that are no ASCII go out as they came, whatever follows the head', async (t) => {
  const answers: Record<string, (side: Http1ClientSide) => void> = {
    'a length': (side) => {
      side.head(200, 'OK', ['X-Name', 'caf\xe9 \xff', 'Content-Length', '2'])
      side.write(Buffer.from('ab'))
    },
    chunks: (side) => {
      side.head(200, 'OK', ['X-Name', 'caf\xe9 \xff'])
      setImmediate(() => side.write(Buffer.from('ab')))
    },
    'no body': (side) => side.head(204, 'No Content', ['X-Name', 'caf\xe9 \xff']),
    'a length of nothing': (side) => side.head(200, 'OK', ['X-Name', 'caf\xe9 \xff', 'Content-Length', '0']),
  }
  for (const [what, answer] of Object.entries(answers)) {
    const send = await serve(t, (side) => {
      answer(side)
      t.ok(side.hasResponded, what)
      setTimeout(() => side.end([]), 5)
    })
    for (const method of ['GET', 'HEAD']) {
      const { text } = await readToEnd(await send(`${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`))
      t.match(text, /^HTTP\/1\.1 20\d [^\r]+\r\nX-Name: caf\xe9 \xff\r\n/u, `${method}, ${what}`)
    }
  }
})

t.test('head, body and trailers go out as they are given, the head at once', async (t) => {
  const send = await serve(t, (side) => {
    side.inform(102, [])
    side.inform(103, ['Link', '</a.css>; rel=preload', 'X-Other', '1'])
    t.notOk(side.hasResponded)
    side.head(200, 'Fine', ['X-One', '1', 'x-one', '2', 'Trailer', 'X-Sum'])
    t.ok(side.hasResponded)
    side.inform(103, ['Link', '</late.css>'])
    setTimeout(() => {
      side.write(Buffer.from('abc'))
      side.end(['X-Sum', '7'])
    }, 20)
  })
  const text = await readUntil(await send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), (seen) => seen.endsWith('7\r\n\r\n'))
  t.match(text, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 Fine\r\n/u)
  t.match(text, /X-One: 1\r\nx-one: 2\r\n.*\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n$/su)
  t.notMatch(text, /late|date:/iu)
})

t.test('only a client that waits for a word gets one', async (t) => {
  const send = await serve(t, (side) => {
    side.expectContinue()
    side.head(204, '', [])
    side.end([])
  })
  const waiting = await send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n')
  t.match(await readUntil(waiting, (seen) => /204.*\r\n\r\n/su.test(seen)), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP/u)
  const plain = await send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n')
  t.match(await readUntil(plain, (seen) => /204.*\r\n\r\n/su.test(seen)), /^HTTP\/1\.1 204/u)
})

t.test('a client that leaves before the end is told of once, one that has its response is not', async (t) => {
  const left = Promise.withResolvers<string>()
  const send = await serve(t, (side) => {
    side.onClosed((error) => {
      t.ok(side.isGone)
      left.resolve(error.code)
    })
    side.head(200, '', [])
    side.write(Buffer.from('x'))
  })
  const client = await send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await readUntil(client, (seen) => seen.includes('x'))
  client.destroy()
  t.equal(await left.promise, 'client-gone')
  const finished = await serve(t, (side) => {
    side.onClosed(() => t.fail('it had its response'))
    side.head(200, '', ['content-length', '0', 'connection', 'close'])
    side.end([])
  })
  await readToEnd(await finished('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))
})

t.test('a response that is cut never ends cleanly', async (t) => {
  const send = await serve(t, (side) => {
    side.head(200, '', [])
    side.write(Buffer.from('half'))
    setTimeout(() => side.cut(), 20)
  })
  t.notMatch((await readToEnd(await send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))).text, /\r\n0\r\n\r\n$/u)
})

t.test('a client that does not read holds the writer back until it does', async (t) => {
  const drained = Promise.withResolvers<undefined>()
  const send = await serve(t, (side) => {
    side.head(200, '', [])
    side.onDrain(() => drained.resolve(undefined))
    while (side.write(Buffer.alloc(65_536)));
  })
  const client = await send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  client.resume()
  await drained.promise
  t.pass('it was told to go on')
})
