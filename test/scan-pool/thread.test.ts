import t, { type Test } from 'tap'
import type { Inspection } from '../../src/domain/finding.ts'
import { Thread } from '../../src/scan-pool/thread.ts'
import { OBEYING } from './fake-thread.ts'

const NO_RULES = { documents: [], tables: { dictionaries: [], fingerprints: [] } }

async function idleThread(t: Test, hangMs = 60_000): Promise<{ thread: Thread; lost: Promise<[string, boolean]> }> {
  const lost = Promise.withResolvers<[string, boolean]>()
  const idle = Promise.withResolvers<undefined>()
  const thread = new Thread({
    entry: OBEYING,
    settings: { prefix: 'WEIR', depth: 1, budgetMs: 60_000 },
    hangMs,
    onIdle: () => idle.resolve(undefined),
    onLost: (by, wasReady) => lost.resolve([by, wasReady]),
  })
  t.teardown(() => thread.end())
  t.equal(thread.isIdle, false, 'not before it has rules')
  thread.setRules(1, NO_RULES)
  await idle.promise
  return { thread, lost: lost.promise }
}
const look = (thread: Thread, said: string): Promise<Inspection> =>
  new Promise((resolve) => {
    const body = new Uint8Array(Buffer.from(said))
    thread.reserve((answer) => answer.kind === 'found' && resolve(answer.inspection))
    thread.ask({ kind: 'look', body, contentType: null, dialect: 'generic', known: null })
  })

t.test('a thread reads one body at a time', async (t) => {
  const { thread } = await idleThread(t)
  const answer = look(thread, 'one')
  t.equal(thread.isIdle, false)
  t.match((await answer).model, '"said":"one"')
  t.equal(thread.isIdle, true)
})

t.test('new rules take effect behind what is read', async (t) => {
  const { thread } = await idleThread(t)
  const answer = look(thread, 'one')
  thread.setRules(2, NO_RULES)
  t.match((await answer).model, '"rules":1')
  t.equal(thread.isIdle, false)
})

for (const [said, by, unread] of [
  ['hang', 'hung', 'timeout'],
  ['die', 'died', 'detector-fault'],
  ['throw', 'died', 'detector-fault'],
] as const) {
  t.test(`a thread that is told to ${said} is lost once, and its body counts as unread: ${unread}`, async (t) => {
    const { thread, lost } = await idleThread(t, said === 'hang' ? 50 : 60_000)
    t.equal((await look(thread, said)).unread, unread)
    t.strictSame(await lost, [by, true])
    t.equal(thread.isIdle, false)
  })
}

t.test('what is read when a thread is ended counts as unread', async (t) => {
  const { thread } = await idleThread(t)
  const answer = look(thread, 'hang')
  await thread.end()
  t.equal((await answer).unread, 'over-capacity')
})
