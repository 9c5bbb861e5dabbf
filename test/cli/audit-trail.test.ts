import { join } from 'node:path'
import t from 'tap'
import { openAuditTrail } from '../../src/cli/audit-trail.ts'
import { closeAll, type Opened } from '../../src/cli/opened.ts'
import { loadConfig } from '../../src/config/load.ts'
import { tunnel } from '../audit/events.ts'

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

t.test('what the spool made durable can be asked of the store', async (t) => {
  const dir = t.testdir({})
  const loaded = await loadConfig({ flags: {}, env: {}, cwd: dir })
  if (!loaded.ok) throw new Error('the defaults are a configuration')
  const opened: Opened[] = []
  const { spool, store } = openAuditTrail(
    { ...loaded.config, data: { dir: join(dir, 'data') } },
    { log: silent, sealTo: null },
    opened,
  )
  const event = tunnel({})
  await spool.append(event)
  t.match(await store.find(event.flow), { exchange: { id: event.id } })
  await closeAll(opened, silent)
  await t.rejects(spool.append(event), /closed/)
})
