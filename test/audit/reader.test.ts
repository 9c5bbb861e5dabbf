import { rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { openAuditReader } from '../../src/audit/reader.ts'
import { listSegments } from '../../src/audit/segments.ts'
import { StoreEngine } from '../../src/audit/store-engine.ts'
import { followingOutcome, intent, tunnel } from './events.ts'
import { filled } from './filled.ts'

t.test('store and newer lines are read together, beside the running writer, and nothing is written', async (t) => {
  const begun = intent()
  const at = await filled(t, [tunnel(), begun, tunnel(), tunnel()])
  const engine = new StoreEngine(at)
  t.teardown(() => {
    engine.close()
  })
  engine.catchUp(60_000)
  await at.write(followingOutcome({ flow: begun.flow, model: 'late-model' }), tunnel(), intent())
  const reader = openAuditReader(at)
  t.teardown(() => {
    reader.close()
  })
  const whole = reader.query({ limit: 100, order: 'asc' })
  t.equal(whole.items.length, 6)
  t.match(
    whole.items.find(({ flow }) => flow === begun.flow),
    {
      flow: begun.flow,
      tool: 'openai-codex',
      model: 'late-model',
      complete: true,
      client: { user: 'alice' },
    },
  )
  t.match(whole.items.at(-1), { complete: false, client: { user: 'alice' } })
  t.equal(reader.query({ limit: 100, order: 'asc', text: 'late codex' }).items.length, 1)
  t.equal(reader.query({ limit: 100, order: 'asc', phase: 'tunnel' }).items.length, 4)
  t.equal(engine.query({ limit: 100, order: 'asc', text: 'late' }).items.length, 0, 'the store itself was not written')

  const seen: unknown[] = []
  let cursor = ''
  for (;;) {
    const page = reader.query({ limit: 2, order: 'desc', ...(cursor === '' ? {} : { cursor }) })
    seen.push(...page.items.map(({ flow }) => flow))
    if (page.next === null) break
    cursor = page.next
  }
  t.same(seen, whole.items.map(({ flow }) => flow).reverse())
})

t.test('without a readable store everything comes from the files', async (t) => {
  const at = await filled(t, [intent(), tunnel()])
  const count = () => {
    const reader = openAuditReader(at)
    const { items } = reader.query({ limit: 10, order: 'asc' })
    reader.close()
    return items.length
  }
  t.equal(count(), 2, 'no store')
  writeFileSync(at.file, Buffer.alloc(9000, 'damage'))
  t.equal(count(), 2, 'damaged store')
})

t.test('a store that does not fit the files is left aside', async (t) => {
  const at = await filled(t, [intent(), tunnel()])
  const engine = new StoreEngine(at)
  engine.catchUp(60_000)
  engine.close()
  await at.spool.close()
  const { events, personal } = listSegments(at.dir)[0]!
  writeFileSync(events, '')
  rmSync(personal)
  const reader = openAuditReader(at)
  t.equal(reader.query({ limit: 10, order: 'asc' }).items.length, 0)
  reader.close()
})
