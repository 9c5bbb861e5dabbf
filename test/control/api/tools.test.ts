import t from 'tap'
import { startControl } from '../fixture.ts'

t.test('tools come with tier, the rule behind it and the last use', async (t) => {
  const { get, recorded } = await startControl(t)
  const { json } = await get('/api/v1/tools')
  t.strictSame(json.items[0], {
    id: 'claude-code',
    name: 'Claude Code',
    vendor: { id: 'anthropic', name: 'ANTHROPIC', country: 'ZZ' },
    kinds: ['coding-cli', 'ide-assistant'],
    tier: 'prohibited',
    because: 'assign:tool:claude-code',
    endpoints: 3,
    lastSeen: '2026-11-22T09:00:00.000Z',
  })
  t.match(json.items[2], { id: 'openai-api', tier: 'monitored', because: 'default', lastSeen: null })
  t.strictSame(recorded, [], 'the catalogue names no person')
})

t.test('filters narrow the list', async (t) => {
  const { get } = await startControl(t)
  const ids = async (query: string): Promise<string[]> =>
    (await get(`/api/v1/tools?${query}`)).json.items.map((item: { id: string }) => item.id)
  t.strictSame(await ids('tier=approved'), ['qwen-code'])
  t.strictSame(await ids('kind=coding-cli'), ['claude-code', 'qwen-code'])
  t.strictSame(await ids('vendor=openai'), ['openai-api'])
  t.strictSame(await ids('text=CODE'), ['claude-code', 'qwen-code'])
  t.strictSame(await ids('text=code&tier=prohibited&kind=ide-assistant&vendor=anthropic'), ['claude-code'])
  t.strictSame(await ids('vendor=nobody'), [])
})

t.test('an unknown tier, kind or filter is refused', async (t) => {
  const { get } = await startControl(t)
  for (const query of ['tier=high', 'kind=cli', 'name=x', 'vendor='])
    t.equal((await get(`/api/v1/tools?${query}`)).status, 400, query)
})

t.test('without the store the list is refused: no last use would read as never used', async (t) => {
  const lastSeen = (): Promise<never> => Promise.reject(new Error('no store'))
  const events = { query: async () => ({ items: [], next: null }), find: async () => null, lastSeen }
  const { get } = await startControl(t, { events })
  t.equal((await get('/api/v1/tools')).status, 503)
})
