/** A false positive is reported by its event, allowed by IT, and passes at once; taken back, it is found again. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run } from '../../src/cli/feedback.ts'
import { run as redact } from '../../src/cli/redact.ts'
import { fakeIo } from '../cli/fake-io.ts'
import { ask } from '../helpers/asking-client.ts'
import { ECHO, readBody } from '../helpers/echo-provider.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { startWeir } from '../helpers/weir.ts'

/** Assembled so that no scanner of this repository takes them for real ones. */
const KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')
const OTHER_KEY = ['AKIA', 'R5TQ2MZ7XWLK3NPJ'].join('')

const restricted = (text: string): string =>
  text.replace(/^default: .*$/mu, 'default: restricted').replace(/^assign:[^]*?(?=^default)/mu, '')

async function setUp(t: Test) {
  const shape = ECHO['anthropic-messages']
  const pki = await makePki(t)
  const bodies: string[] = []
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    readBody(request)
      .then((body) => {
        bodies.push(body.toString())
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(shape.whole({ text: 'ok', args: '{}' })))
      })
      .catch(() => response.destroy())
  })
  const weir = await startWeir(t, {
    pins: { [`${shape.host}:443`]: origin.address },
    roots: [pki.rootPem],
    policy: restricted,
  })
  const send = (prompt: string) =>
    ask(weir, { host: shape.host, path: shape.path, headers: shape.headers, body: shape.request(prompt, false) })
  const feedback = async (...args: string[]) => {
    const io = fakeIo(weir.dir)
    const code = await run([...args, '--admin', `http://127.0.0.1:${weir.adminPort}`], io)
    return { code, out: io.out(), err: io.err() }
  }
  return { weir, bodies, send, feedback }
}

const adminEvents = (events: Record<string, unknown>[]) =>
  events
    .filter(({ phase }) => phase === 'admin')
    .map(({ operation, target, before, after }) => ({ operation, target, before, after }))

t.test('reported, allowed, passed at once, taken back, found again', async (t) => {
  const { weir, bodies, send, feedback } = await setUp(t)
  const first = await send(`a ${KEY} and ${OTHER_KEY}`)
  const event = first.headers['x-weir-event'] ?? ''
  t.notMatch(bodies[0], KEY)

  const reported = await feedback(event, '--reason', 'an example of the documentation', '--json')
  t.equal(reported.code, 0, reported.err)
  const report = JSON.parse(reported.out) as { id: string }
  t.match(report, { event, status: 'open', detectors: ['aws-access-key'], remembered: true, allowed: [] })
  t.match((await feedback('list')).out, `${report.id}  open`)
  t.equal((await send(KEY)).headers['x-weir-action'], 'redact', 'a report alone changes nothing')

  const single = await send(`only ${KEY}`)
  const allowed = await feedback(single.headers['x-weir-event'] ?? '', '--allow', '--json')
  t.equal(allowed.code, 0, allowed.err)
  const grant = JSON.parse(allowed.out) as { id: string; allowed: { placeholder: string }[] }
  t.match(grant, { status: 'allowed', allowed: [{ detector: 'aws-access-key', placeholder: /^WEIR[A-Z2-7]{12}$/u }] })

  const second = await send(`again ${KEY} and ${OTHER_KEY}`)
  t.match(bodies.at(-1), `again ${KEY} and WEIR`, 'what is allowed passes, what is not does not')
  t.equal(second.headers['x-weir-action'], 'redact')
  t.equal((await send(KEY)).headers['x-weir-action'], undefined, 'as if it had not been found')

  const shown = fakeIo(weir.dir)
  await redact(['--dialect', 'generic', '--json'], shown, async () => Buffer.from(`${KEY} ${OTHER_KEY}`))
  const answer = JSON.parse(shown.out()) as { body: string; findings: Record<string, unknown>[] }
  t.match(answer.body, `${KEY} WEIR`)
  t.match(
    answer.findings.map(({ isAllowed }) => isAllowed).sort(),
    [false, true],
    'weir redact says what is on the list',
  )
  t.match(answer.findings.find(({ isAllowed }) => isAllowed === true)?.['placeholders'], [
    grant.allowed[0]?.placeholder,
  ])

  t.match((await feedback('take-back', grant.id)).out, `${grant.id} taken-back`)
  await send(KEY)
  t.notMatch(bodies.at(-1), KEY)
  t.match(await feedback('take-back', grant.id), { code: 1, err: /taken-back already/u })

  const events = await weir.waitForEvents((all) => adminEvents(all).length >= 4)
  t.match(adminEvents(events), [
    { operation: 'feedback.report', target: report.id, before: null, after: { event, status: 'open' } },
    { operation: 'feedback.report', target: grant.id },
    { operation: 'allow.grant', target: grant.id, before: { status: 'open' }, after: { status: 'allowed', values: 1 } },
    { operation: 'allow.revoke', target: grant.id, before: { status: 'allowed' }, after: { status: 'taken-back' } },
  ])
  const kept = JSON.stringify(weir.events()) + weir.log.join('')
  t.notMatch(kept + readFileSync(join(weir.dir, 'data', 'feedback.sqlite'), 'latin1'), KEY)
})

t.test('unknown events and values that are not in the event are refused in words', async (t) => {
  const { weir, send, feedback } = await setUp(t)
  const event = (await send(KEY)).headers['x-weir-event'] ?? ''
  await weir.waitForEvents((all) => all.some(({ flow, phase }) => flow === event && phase === 'outcome'))
  t.match(await feedback('01KC0000000000000000000009'), { code: 1, err: /there is no event with this id/u })
  t.match(await feedback('nonsense id'), { code: 1, err: /this is no event id/u })
  t.match(await feedback(event, '--allow', '--detector', 'iban'), {
    code: 1,
    err: /nothing in this event is of these/u,
  })
})

t.test('nobody allows anything without the token, nor through the proxy port', async (t) => {
  const { weir, send } = await setUp(t)
  const event = (await send(KEY)).headers['x-weir-event'] ?? ''
  const refused = await fetch(`http://127.0.0.1:${weir.adminPort}/api/v1/events/${event}/feedback`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ allow: true }),
  })
  t.equal(refused.status, 401)
  const own = await fetch(`http://127.0.0.1:${weir.port}/api/v1/events/${event}/feedback`, { method: 'POST' })
  t.ok(own.status >= 400)
  t.equal((await send(KEY)).headers['x-weir-action'], 'redact', 'nothing is allowed')
})
