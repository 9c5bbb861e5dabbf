import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { run } from '../../src/cli/feedback.ts'
import { fakeIo } from './fake-io.ts'

const REPORT = {
  id: 'fb_1',
  event: 'E1',
  detectors: ['iban', 'e-mail'],
  by: 'token:admin',
  at: '2026-11-22T10:00:00.000Z',
  reason: null,
  status: 'allowed',
  allowed: [{ detector: 'iban', placeholder: 'WEIRA' }],
}

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

t.test('an event is reported, or allowed, as the flags say', async (t) => {
  const { asked, weir } = await setUp(t, { ...REPORT, remembered: true })
  t.match(await weir('E1'), { code: 0, out: /^fb_1 allowed: event E1, iban, e-mail\n {2}iban WEIRA\n$/u })
  await weir('E1', '--allow', '--reason', 'docs', '--detector', 'iban', '--detector', 'x', '--field', 'f')
  await weir('a/b')
  t.strictSame(asked, [
    'POST /api/v1/events/E1/feedback {}',
    'POST /api/v1/events/E1/feedback {"reason":"docs","allow":true,"detectors":["iban","x"],"fields":["f"]}',
    'POST /api/v1/events/a%2Fb/feedback {}',
  ])
})

t.test('an event whose values are forgotten is told to be', async (t) => {
  const { weir } = await setUp(t, { ...REPORT, status: 'open', allowed: [], remembered: false })
  t.match((await weir('E1')).out, /^fb_1 open: .*\nits values are no longer remembered/u)
})

t.test('reports are listed, open ones unless all are wanted', async (t) => {
  const { asked, weir } = await setUp(t, { items: [REPORT] })
  t.equal((await weir('list')).out, 'fb_1  allowed  2026-11-22T10:00:00.000Z  E1  iban,e-mail  -\n')
  t.strictSame(JSON.parse((await weir('list', '--all', '--json')).out), { items: [REPORT] })
  t.strictSame(asked, ['GET /api/v1/feedback?limit=1000&status=open', 'GET /api/v1/feedback?limit=1000'])
  const none = await setUp(t, { items: [] })
  t.equal((await none.weir('list')).out, 'no reports\n')
})

t.test('a report is taken back', async (t) => {
  const { asked, weir } = await setUp(t, { ...REPORT, status: 'taken-back' })
  t.equal((await weir('take-back', 'fb_1')).out, 'fb_1 taken-back: event E1, iban, e-mail\n')
  t.strictSame(asked, ['POST /api/v1/feedback/fb_1/take-back'])
})

t.test('exit codes: refused 1, wrong usage 2, unreachable 3', async (t) => {
  const { weir } = await setUp(t, { detail: 'there is no event with this id' }, 404)
  t.match(await weir('E1'), { code: 1, err: 'weir feedback: there is no event with this id\n' })
  for (const args of [[], ['list', 'x'], ['take-back'], ['E1', 'E2'], ['E1', '--detector', 'x'], ['E1', '--nope']]) {
    t.equal((await weir(...args)).code, 2, args.join(' '))
  }
  t.match(await weir('E1', '--config', 'missing.yaml'), { code: 1, err: /missing\.yaml/u })
  const io = fakeIo(t.testdir({ 'weir.yaml': 'data: { dir: data }\n' }))
  t.equal(await run(['E1'], io), 3)
  const help = fakeIo('/')
  t.equal(await run(['--help'], help), 0)
  t.match(help.out(), /^weir feedback: /u)
})
