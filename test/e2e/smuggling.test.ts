/** Request smuggling: what parsers read in different ways is refused, or goes on in a form that has one reading only. */
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import t from 'tap'
import { parse } from 'yaml'
import { startTcpOrigin } from '../helpers/origin.ts'
import { readStrictly } from '../helpers/strict-http.ts'
import { startWeir, type TestWeir } from '../helpers/weir.ts'
import { connectThrough, openSocket } from '../helpers/wire-client.ts'

interface Case {
  readonly v: string
  readonly expect: 'refused' | 'forwarded' | 'broken'
  readonly requests?: number
  /** Means something else on the plain listener. */
  readonly only?: 'tunnel'
}

interface Family {
  readonly family: string
  readonly template: string
  readonly cases: readonly Case[]
}

const { families } = parse(readFileSync('test/cases/smuggling-requests.yaml', 'utf8')) as { families: Family[] }

/** Where a request is sent in and which of Weir's ways upstream it takes. */
interface Way {
  readonly name: string
  readonly host: string
  readonly isTunnel: boolean
}

const WAYS: readonly Way[] = [
  { name: 'relayed unread', host: 'plain.example', isTunnel: false },
  { name: 'an AI exchange on the plain listener', host: 'api.anthropic.com', isTunnel: false },
  { name: 'an AI exchange inside a tunnel', host: 'api.anthropic.com', isTunnel: true },
]

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** Answers every request that a strict reader sees, and keeps every byte. */
class Recorder {
  connections: { bytes: string; answered: number }[] = []

  readonly onSocket = (socket: Socket): void => {
    const connection = { bytes: '', answered: 0 }
    this.connections.push(connection)
    socket.on('data', (chunk: Buffer) => {
      connection.bytes += chunk.toString('latin1')
      const { requests } = readStrictly(connection.bytes)
      for (; connection.answered < requests.length; connection.answered++) socket.write(ANSWER)
    })
    socket.on('end', () => socket.end())
  }

  /** What came in since the last call, over all connections. */
  take(): { targets: string[]; doubts: string[] } {
    const readings = this.connections.map(({ bytes }) => readStrictly(bytes))
    for (const [index, connection] of this.connections.entries()) {
      const rest = readings[index]?.rest ?? ''
      connection.bytes = rest
      connection.answered = 0
    }
    return {
      targets: readings.flatMap(({ requests }) => requests.map(({ line }) => line.split(' ')[1] ?? '')),
      doubts: readings.flatMap(({ doubts }) => doubts),
    }
  }
}

/** Statuses of the answers as they came; a connection that is closed ends them. */
async function answersTo(socket: Socket, sent: string, expected: number): Promise<number[]> {
  let text = ''
  const statuses = (): number[] =>
    [...text.matchAll(/HTTP\/1\.1 (\d{3}) /gu)].map((match) => Number(match[1])).filter((status) => status >= 200)
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (statuses().length >= expected && statuses().every((status) => status === 200)) resolve()
    })
    socket.once('end', resolve)
    socket.once('close', resolve)
    socket.resume()
    socket.write(sent, 'latin1')
  })
  socket.destroy()
  return statuses()
}

const isTooLong = (sent: string): boolean => sent.includes('\r\nffffffff\r\n') || sent.includes('\r\n5\r\nok\r\n0')

async function open(weir: TestWeir, way: Way): Promise<Socket> {
  return way.isTunnel ? (await connectThrough(weir.port, `${way.host}:80`)).socket : openSocket(weir.port)
}

for (const way of WAYS) {
  t.test(`a request that can be read in two ways never goes on so: ${way.name}`, async (t) => {
    const recorder = new Recorder()
    const origin = await startTcpOrigin(t, recorder.onSocket)
    const weir = await startWeir(t, {
      pins: { [`${way.host}:80`]: origin.address, 'evil.test:80': origin.address, [`${way.host}:81`]: origin.address },
      config: { timeouts: { headerMs: 300, bodyIdleMs: 300, drainMs: 1000 } },
      policy: (text) => text.replace('assign:', 'assign:\n  - { tool: anthropic-api, tier: approved }'),
    })
    let count = 0
    for (const { family, template, cases } of families) {
      for (const { v, expect, requests = 1, only } of cases) {
        if (only === 'tunnel' && !way.isTunnel) continue
        count++
        const T = way.isTunnel ? '' : `http://${way.host}`
        const next = `GET ${T}/smuggled HTTP/1.1\r\nHost: ${way.host}\r\n\r\n`
        const sent = template
          .replaceAll('{v}', v)
          .replaceAll('{NEXT}', next)
          .replaceAll('{T}', T)
          .replaceAll('{H}', way.host)
        const socket = await open(weir, way)
        // A body that never ends leaves its connection open: the client goes, and what went on must not be a request.
        if (isTooLong(sent)) {
          socket.write(sent, 'latin1')
          socket.end()
          await new Promise((resolve) => socket.once('close', resolve).resume())
        }
        const statuses = isTooLong(sent) ? [] : await answersTo(socket, sent, requests)
        const { targets, doubts } = recorder.take()
        const title = `${family}: ${JSON.stringify(v)}`
        t.same(doubts, [], `nothing doubtful goes on: ${title}`)
        if (expect === 'forwarded') {
          t.equal(targets.length, requests, `the server sees what was meant: ${title}`)
          t.same(
            statuses,
            Array.from({ length: requests }, () => 200),
            `the client is answered: ${title}`,
          )
        } else {
          t.same(targets, [], `no request reaches the server: ${title}`)
          t.ok(
            statuses.every((status) => status >= 400 && status < 600),
            `refused (${statuses.join()}): ${title}`,
          )
        }
      }
    }
    t.ok(count >= 150, `${count} cases`)
  })
}
