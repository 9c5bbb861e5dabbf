import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openAuditTree } from '../../src/cli/audit-tree.ts'
import { closeAll, type Opened } from '../../src/cli/opened.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { AuditEvent } from '../../src/domain/audit-event.ts'
import { signedTrail } from '../audit/tree/signed-trail.ts'

const say = () => undefined
const log = { debug: say, info: say, warn: say, error: say }

t.test('checkpoints go to the anchor and on, a folder that does not fit becomes a record', async (t) => {
  const at = await signedTrail(t, 6, [])
  const anchor = join(at.data, 'anchor')
  const config = configSchema.parse({ data: { dir: at.data }, audit: { anchor: { dir: anchor } } })
  const sizes: number[] = []
  const recorded: AuditEvent[] = []
  const run = async (seq: number) => {
    const opened: Opened[] = []
    const users = {
      stream: 'n1-w0',
      log,
      spool: { appendSoon: (event: AuditEvent) => void recorded.push(event) },
      onCheckpoint: ({ size }: { size: number }) => void sizes.push(size),
    }
    openAuditTree(config, users, opened).committed(seq)
    await closeAll(opened, log)
  }
  await run(6)
  t.same(sizes, [6])
  t.match(readFileSync(join(anchor, 'n1-w0', 'checkpoint'), 'utf8'), /\n6\n/)
  t.same(recorded, [])
  await run(9)
  t.match(recorded, [
    { phase: 'admin', operation: 'audit.tree-broken', target: 'n1-w0', after: { detail: /record 7/ } },
  ])
})
