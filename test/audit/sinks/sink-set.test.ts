import t, { type Test } from 'tap'
import type { SinkSettings } from '../../../src/audit/sinks/settings.ts'
import { SinkSet } from '../../../src/audit/sinks/sink-set.ts'
import type { SinkStatus } from '../../../src/audit/sinks/sinks-protocol.ts'
import { fileSettings } from './world.ts'

const sink = (name: string, file = '/a'): SinkSettings => fileSettings(file, { name })
const NOTE = { origin: 'o', size: 1, root: 'r', note: 'n' }

interface World {
  readonly set: SinkSet
  /** What happened to sinks, in order. */
  readonly deeds: string[]
  readonly broken: Set<string>
  /** Lets the sink that leaves go. */
  readonly letGo: () => void
}

function setUp(_t: Test): World {
  const deeds: string[] = []
  const broken = new Set<string>()
  let letGo: () => void = () => undefined
  const set = new SinkSet({
    start: ({ name, kind, ...more }) => {
      if (broken.has(name)) throw new Error('EIO')
      const shown = `${name}${'file' in more ? more.file : ''}`
      const tell = (deed: string): void => {
        deeds.push(`${deed} ${shown}`)
      }
      tell('start')
      return {
        notify: () => tell('notify'),
        checkpoint: () => tell('checkpoint'),
        status: () => ({ name, kind, failure: null }) as SinkStatus,
        leave: async () => {
          tell('leaves')
          if (name === 'slow') await new Promise<void>((resolve) => (letGo = resolve))
          tell('left')
        },
        stop: async () => tell('stop'),
      }
    },
    log: { error: (fields, event) => deeds.push(`${event} ${JSON.stringify(fields)}`) },
    nowIso: () => '2026-11-23T10:00:00.000Z',
  })
  return { set, deeds, broken, letGo: () => letGo() }
}

const names = ({ set }: World): string[] => set.status().map(({ name }) => name)

t.test('sinks that stay the same are not disturbed, others leave before their like begins', async (t) => {
  const world = setUp(t)
  await world.set.set([sink('a'), sink('b'), sink('c')])
  world.deeds.length = 0
  await world.set.set([sink('d'), sink('c', '/z'), sink('a')])
  t.strictSame(world.deeds, ['leaves b/a', 'left b/a', 'leaves c/a', 'left c/a', 'start d/a', 'start c/z'])
  t.strictSame(names(world), ['d', 'c', 'a'])
  await world.set.set([])
  t.strictSame(names(world), [])
})

t.test('a checkpoint that comes during a change reaches the sinks behind it; a stop ends it', async (t) => {
  const world = setUp(t)
  await world.set.set([sink('slow')])
  const changing = world.set.set([sink('slow', '/z')])
  const noting = world.set.checkpoint(NOTE)
  await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(world.deeds, ['start slow/a', 'leaves slow/a'])
  world.letGo()
  await Promise.all([changing, noting])
  t.strictSame(world.deeds.slice(2), ['left slow/a', 'start slow/z', 'checkpoint slow/z'])
  const again = world.set.set([sink('a')])
  const stopping = world.set.stop()
  await new Promise((resolve) => setImmediate(resolve))
  world.letGo()
  await Promise.all([again, stopping])
  t.notOk(world.deeds.includes('start a/a'), 'nothing begins behind a stop')
})

t.test('a sink that cannot be begun stops no other, says why, and is tried again', async (t) => {
  const world = setUp(t)
  world.broken.add('a')
  await world.set.set([sink('a'), sink('b')])
  await world.set.again()
  world.set.notify()
  const told = 'audit.sink-failing {"sink":"a","detail":"EIO"}'
  t.strictSame(world.deeds, [told, 'start b/a', 'notify b/a'], 'and says it once')
  t.match(world.set.status(), [
    { name: 'a', kind: 'file', delivered: 0, failure: { since: '2026-11-23T10:00:00.000Z', why: 'EIO' } },
    { name: 'b', failure: null },
  ])
  world.broken.clear()
  await world.set.again()
  t.match(world.set.status(), [{ name: 'a', failure: null }, {}])
  await world.set.stop()
  t.strictSame(world.deeds.slice(-2), ['stop a/a', 'stop b/a'])
})
