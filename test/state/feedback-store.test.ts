import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type FeedbackStore, openFeedbackStore, readAllowed } from '../../src/state/feedback-store.ts'

const NOW = 1_800_000_000_000
const fileIn = (t: Test): string => join(t.testdir({}), 'data', 'feedback.sqlite')

function open(t: Test, file: string): FeedbackStore {
  const store = openFeedbackStore(file, { waitMs: 1000 })
  t.teardown(() => store.close())
  return store
}

const report = (id: string, event = `E-${id}`, atMs = NOW) => ({
  id,
  event,
  detectors: ['aws-access-key', 'iban'],
  by: 'token:admin',
  atMs,
  reason: null,
})
const marks = [
  { detector: 'aws-access-key', placeholder: 'WEIRA' },
  { detector: 'iban', placeholder: 'WEIRB' },
]

t.test('reports are kept, newest first, and survive a restart', async (t) => {
  const file = fileIn(t)
  const first = openFeedbackStore(file, { waitMs: 1000 })
  t.ok(first.add({ ...report('fb_1'), reason: 'documentation' }))
  t.ok(first.add(report('fb_2', 'E2', NOW + 1)))
  first.close()
  const store = open(t, file)
  t.strictSame(
    store.list({ limit: 9 }).map(({ id }) => id),
    ['fb_2', 'fb_1'],
  )
  t.strictSame(
    store.list({ limit: 1 }).map(({ id }) => id),
    ['fb_2'],
  )
  t.strictSame(store.find('fb_1'), { ...report('fb_1'), reason: 'documentation', status: 'open', allowed: [] })
  t.equal(store.find('fb_9'), null)
  t.equal(statSync(file).mode & 0o777, 0o600)
})

t.test('what is allowed is in force until it is taken back, and a report goes through its states', async (t) => {
  const file = fileIn(t)
  const store = open(t, file)
  store.add(report('fb_1'))
  store.add(report('fb_2'))
  t.match(store.ofEvent('E-fb_1'), { id: 'fb_1' })
  t.ok(store.allow('fb_1', marks, { by: 'token:admin', atMs: NOW }))
  t.ok(store.allow('fb_2', marks.slice(0, 1), { by: 'token:admin', atMs: NOW }))
  t.strictSame(store.allowed(), marks)
  t.strictSame(readAllowed(file), marks, 'for another process too')
  t.match(store.find('fb_1'), { status: 'allowed', allowed: marks })
  store.end('fb_1', 'taken-back', NOW)
  t.strictSame(store.allowed(), marks.slice(0, 1), 'the other report still allows its own')
  t.match(store.find('fb_1'), { status: 'taken-back', allowed: marks })
  t.equal(store.ofEvent('E-fb_1'), null)
  store.end('fb_2', 'closed', NOW)
  t.strictSame(store.allowed(), [])
  t.match(store.list({ status: 'closed', limit: 9 }), [{ id: 'fb_2' }])
})

t.test('a file that is no store is an error, for whoever opens it', async (t) => {
  const file = join(t.testdir({}), 'feedback.sqlite')
  writeFileSync(file, 'no database at all, but long enough to be looked at'.repeat(40))
  t.throws(() => openFeedbackStore(file, { waitMs: 10 }))
  t.throws(() => readAllowed(file))
})
