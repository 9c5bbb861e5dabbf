import t from 'tap'
import { closeAll, type Opened } from '../../src/cli/opened.ts'
import { openSealedContent } from '../../src/cli/sealed-content.ts'
import { makeAuditors } from '../audit/sealed/auditors.ts'

const client = { address: '10.0.0.1', user: 'ann', groups: [], device: null, network: null, assurance: 'none' } as const
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
const TIME = '2026-11-22T10:00:00.000Z'

t.test('what a person has under lock is gone once the key is, and what fits no event counts as changed', async (t) => {
  const dir = t.testdir({})
  const [ann] = await makeAuditors('ann')
  const keys = { isErased: false }
  const opened: Opened[] = []
  const desk = openSealedContent(
    {
      config: { data: { dir } },
      seal: { auditors: [ann!.publicKey], threshold: 1, maxBytes: 100 },
      persons: {
        lock: async (_client, text) => ({ who: 'p_1', locked: text }),
        unlock: async (_who, locked) => (keys.isErased ? null : locked),
      },
      clock: { nowIso: () => TIME },
      log: silent,
    },
    opened,
  )
  const part = await desk.port?.seal({
    flow: 'f',
    part: 'request',
    client,
    contentType: null,
    isCut: false,
    text: Buffer.from('x'),
  })
  await closeAll(opened, silent)
  const exchange = { flow: 'f', time: TIME, sealed: [part] }
  t.match(await desk.sealed.open(exchange), { texts: [{ v: 1 }], changed: 0, gone: 0 })
  t.match(await desk.sealed.open({ ...exchange, sealed: [{ part: 'request', digest: '00' }] }), {
    texts: [],
    changed: 1,
    gone: 0,
  })
  t.match(await desk.sealed.open({ ...exchange, time: '2026-01-01T00:00:00.000Z' }), { texts: [], changed: 0, gone: 1 })
  keys.isErased = true
  t.match(await desk.sealed.open(exchange), { texts: [], changed: 0, gone: 1 })
  t.equal(await desk.sealed.open({ flow: 'f', time: TIME }), null)
})

t.test('without auditors nothing is sealed', async (t) => {
  const persons = { lock: async () => ({ who: null, locked: '' }), unlock: async () => null }
  const parts = {
    config: { data: { dir: t.testdir({}) } },
    seal: null,
    persons,
    clock: { nowIso: () => TIME },
    log: silent,
  }
  t.equal(openSealedContent(parts, []).port, undefined)
})
