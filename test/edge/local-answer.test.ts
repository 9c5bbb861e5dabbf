import type { IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import type { LocalAnswer } from '../../src/domain/notice.ts'
import { cutResponse, sendAnswer, sendRawAnswer } from '../../src/edge/local-answer.ts'
import { startHttpOrigin, startTcpOrigin } from '../helpers/origin.ts'
import { readToEnd } from '../helpers/stage.ts'
import { openSocket, readUntil } from '../helpers/wire-client.ts'

const ANSWER: LocalAnswer = {
  status: 400,
  headers: ['content-type', 'text/plain', 'content-length', '6', 'X-Weir-Event', '01X', 'connection', 'keep-alive'],
  body: Buffer.from('notice'),
}
const QUIET: LocalAnswer = { ...ANSWER, headers: ANSWER.headers.slice(0, 6) }

async function serve(t: Test, handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const origin = await startHttpOrigin(t, handle)
  origin.server.on('checkContinue', handle)
  return origin.port
}

t.test(
  'an answer has our head as it is, without a Date, and keeps the connection when nothing is left to read',
  async (t) => {
    let bytes = 0
    const port = await serve(t, (request, response) => {
      bytes = sendAnswer(request, response, QUIET)
    })
    const client = await openSocket(port)
    for (let count = 0; count < 2; count++) {
      client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      const text = await readUntil(client, (seen) => seen.endsWith('notice'))
      t.match(
        text,
        /^HTTP\/1\.1 400 Bad Request\r\ncontent-type: text\/plain\r\ncontent-length: 6\r\nX-Weir-Event: 01X\r\n/u,
      )
      t.notMatch(text, /\r\ndate:/iu)
    }
    t.equal(bytes, 6)
    client.destroy()
  },
)

t.test('HEAD gets the same head and no body', async (t) => {
  let bytes = -1
  const port = await serve(t, (request, response) => {
    bytes = sendAnswer(request, response, QUIET)
  })
  const client = await openSocket(port)
  client.write('HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  t.match((await readToEnd(client)).text, /content-length: 6\r\n.*\r\n\r\n$/su)
  t.equal(bytes, 0)
})

t.test('behind a short body the connection goes on, behind a long, chunked or promised one it closes', async (t) => {
  const port = await serve(t, (request, response) => {
    sendAnswer(request, response, QUIET)
  })
  for (const [lines, body, isClosed] of [
    ['Content-Length: 4\r\n', '', false],
    ['Content-Length: 70000\r\n', '', true],
    ['Transfer-Encoding: chunked\r\n', '1\r\na\r\n', true],
    ['Content-Length: 4\r\nExpect: 100-continue\r\n', '', true],
  ] as const) {
    const client = await openSocket(port)
    client.write(`POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n${body}`)
    const text = await readUntil(client, (seen) => seen.endsWith('notice'))
    t.equal(/connection: close/iu.test(text), isClosed, lines)
    client.destroy()
  }
})

t.test('a response that has begun is cut instead of answered', async (t) => {
  for (const [version, how] of [
    ['1.1', 'end'],
    ['1.0', 'reset'],
  ] as const) {
    const port = await serve(t, (request, response) => {
      response.write('half')
      setTimeout(() => sendAnswer(request, response, QUIET), 30)
    })
    const client = await openSocket(port)
    client.write(`GET / HTTP/${version}\r\nHost: a\r\n\r\n`)
    const ending = await readToEnd(client)
    t.notMatch(ending.text, /notice|\r\n0\r\n\r\n/u)
    t.equal(ending.how, how)
  }
})

t.test('a cut before the head is a closed connection', async (t) => {
  const port = await serve(t, (_request, response) => cutResponse(response))
  const client = await openSocket(port)
  client.write('GET / HTTP/1.0\r\n\r\n')
  t.equal((await readToEnd(client)).text, '')
})

t.test('a raw answer is whole, says that it is the last, and is not reset away by bytes still coming', async (t) => {
  const origin = await startTcpOrigin(t, (socket) => sendRawAnswer(socket, ANSWER))
  const client = await openSocket(origin.port)
  client.write(Buffer.alloc(300_000))
  const { text, how } = await readToEnd(client)
  t.match(text, /^HTTP\/1\.1 400 Bad Request\r\n.*\r\nconnection: close\r\n\r\nnotice$/su)
  t.notMatch(text, /keep-alive/u)
  t.equal(how, 'end')
})

t.test('a socket that takes nothing more is destroyed', async (t) => {
  const socket = new PassThrough()
  socket.end()
  sendRawAnswer(socket, ANSWER)
  t.ok(socket.destroyed)
})
