import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { run } from '../../src/cli/discover.ts'
import { fakeIo } from './fake-io.ts'

/** An admin port that notes what it is asked. */
async function setUp(t: Test, answer: unknown, status = 200) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''} ${body}`.trim())
      response.writeHead(status).end(JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  const cwd = t.testdir({ 'weir.yaml': 'data: { dir: data }\n', data: { 'admin.token': 'x'.repeat(40) } })
  const admin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const weir = async (...args: string[]) => {
    const io = fakeIo(cwd)
    const code = await run([...args, '--admin', admin], io)
    return { code, out: io.out(), err: io.err() }
  }
  return { asked, weir }
}

t.test('the flags become the filters of the question', async (t) => {
  const { asked, weir } = await setUp(t, { items: [] })
  t.match(await weir(), { code: 0, out: /nothing that looks like AI/u })
  await weir('--since', '2026-11-22T10:00:00Z', '--min-score', '70', '--all')
  t.strictSame(await weir('--json'), { code: 0, out: '{"items":[]}\n', err: '' })
  t.strictSame(asked, [
    'GET /api/v1/discover',
    'GET /api/v1/discover?since=2026-11-22T10%3A00%3A00.000Z&minScore=70&all=true',
    'GET /api/v1/discover',
  ])
})

t.test('a draft is printed as it comes, for one host or for all', async (t) => {
  const { asked, weir } = await setUp(t, { hosts: 1, yaml: 'version: 1\n' })
  t.equal((await weir('--yaml')).out, 'version: 1\n')
  t.equal((await weir('Relay.Example', '--yaml')).out, 'version: 1\n')
  t.strictSame(asked, ['GET /api/v1/discover/draft', 'GET /api/v1/discover/draft?host=relay.example'])
})

t.test('a host is put aside with a reason', async (t) => {
  const { asked, weir } = await setUp(t, {})
  t.match(await weir('dismiss', 'a.example', '--reason', 'a test'), { code: 0, out: 'a.example is put aside\n' })
  t.strictSame(asked, ['POST /api/v1/discover/dismiss {"host":"a.example","reason":"a test"}'])
})

t.test('drift has a list of its own', async (t) => {
  const { asked, weir } = await setUp(t, { drift: [], paths: [] })
  t.match(await weir('--drift'), { code: 0, out: /no tool began/u })
  t.strictSame(asked, ['GET /api/v1/discover/drift'])
})

t.test('what cannot be meant is wrong usage, and says what to write', async (t) => {
  const { asked, weir } = await setUp(t, {})
  for (const [args, words] of [
    [['dismiss'], /name the host/u],
    [['dismiss', 'a.example'], /--reason/u],
    [['--since', 'yesterday'], /7d/u],
    [['--min-score', '101'], /0 to 100/u],
    [['a.example'], /--yaml/u],
    [['a.example', 'b.example'], /unexpected argument/u],
    [['a.example', '--drift'], /takes no host/u],
  ] as const) {
    t.match(await weir(...args), { code: 2, err: words }, args.join(' '))
  }
  t.strictSame(asked, [])
})

t.test('a refusal is told with its exit code', async (t) => {
  const { weir } = await setUp(t, { detail: 'nothing was discovered' }, 404)
  t.match(await weir('--yaml'), { code: 1, err: 'weir discover: nothing was discovered\n' })
})
