import t from 'tap'
import { createReadiness, READINESS_CHECKS } from '../../src/observe/health.ts'

const yes = (): boolean => true
const all = { spool: yes, store: yes, tree: yes, ca: yes, rules: yes }

t.test('ready when every check holds', async (t) => {
  const readiness = createReadiness(all)
  t.strictSame(readiness.checks(), { spool: true, store: true, tree: true, ca: true, rules: true })
  t.equal(readiness.isReady(), true)
})

t.test('each single failing check makes it not ready', async (t) => {
  for (const name of READINESS_CHECKS) {
    const readiness = createReadiness({ ...all, [name]: () => false })
    t.equal(readiness.isReady(), false, name)
    t.equal(readiness.checks()[name], false)
  }
})

t.test('a check that throws has failed', async (t) => {
  const readiness = createReadiness({
    ...all,
    store: () => {
      throw new Error('closed')
    },
  })
  t.match(readiness.checks(), { store: false, tree: true, ca: true })
})

t.test('checks are asked each time', async (t) => {
  let isUp = false
  const readiness = createReadiness({ ...all, ca: () => isUp })
  t.equal(readiness.isReady(), false)
  isUp = true
  t.equal(readiness.isReady(), true)
})

t.test('draining makes it not ready and keeps the checks truthful', async (t) => {
  const readiness = createReadiness(all)
  t.equal(readiness.isDraining(), false)
  readiness.drain()
  t.equal(readiness.isReady(), false)
  t.equal(readiness.isDraining(), true)
  t.strictSame(readiness.checks(), { spool: true, store: true, tree: true, ca: true, rules: true })
})

t.test('what is wrong without making it unready is told beside the checks', async (t) => {
  t.same(createReadiness(all).details(), {})
  const readiness = createReadiness(all, () => ({ store: 'one file is damaged' }))
  t.same(readiness.details(), { store: 'one file is damaged' })
  t.equal(readiness.isReady(), true)
})
