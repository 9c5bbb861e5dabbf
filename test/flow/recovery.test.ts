import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import type { Client } from '../../src/domain/client.ts'
import type { BodyFacts, ExchangeDecision } from '../../src/domain/decision.ts'
import type { DialectId } from '../../src/domain/tool.ts'
import { judgeHeldBody } from '../../src/flow/act.ts'
import { HISTORY_REDACTED } from '../../src/flow/recovery.ts'
import { createBlockedValues, type RecoveryPorts } from '../../src/inspect/blocked-values.ts'
import { createMarkOf } from '../../src/inspect/finding-marks.ts'
import { vaultKey } from '../../src/inspect/vault.ts'
import { alice, flowWorld, headOf, held, SECRET } from './flow-world.ts'

type Said = Readonly<Partial<Record<'u' | 'a' | 's', string | readonly string[]>>>

interface Turn {
  readonly send: readonly Said[] | string
  readonly gives: string
  readonly leaves?: readonly string[]
  readonly from?: string
  readonly afterHours?: number
  readonly model?: string
  readonly headers?: readonly string[]
  readonly severities?: Readonly<Record<string, string>>
}

interface Row {
  readonly it: string
  readonly dialect?: DialectId
  readonly rules?: readonly unknown[]
  readonly turns: readonly Turn[]
}

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const list = (text: string | readonly string[]): readonly string[] => (typeof text === 'string' ? [text] : text)
const ROLES = { u: 'user', a: 'assistant', s: 'system' } as const

/** The request of a turn as each dialect writes it. */
function bodyOf(dialect: DialectId, { send, model = 'alpha-large' }: Turn): string {
  if (typeof send === 'string') return JSON.stringify({ model, input: send })
  const said = send.map((each) => Object.entries(each)[0] as [keyof typeof ROLES, string | readonly string[]])
  const parts = (text: string | readonly string[], type: string) =>
    typeof text === 'string' ? text : text.map((each) => ({ type, text: each }))
  if (dialect === 'gemini') {
    const contents = said.map(([who, text]) => ({
      role: who === 'a' ? 'model' : 'user',
      parts: list(text).map((each) => ({ text: each })),
    }))
    return JSON.stringify({ contents })
  }
  if (dialect === 'openai-responses') {
    const input = said.map(([who, text]) => ({ type: 'message', role: ROLES[who], content: parts(text, 'input_text') }))
    return JSON.stringify({ model, input })
  }
  const isChat = dialect === 'openai-chat'
  const messages = said
    .filter(([who]) => isChat || who !== 's')
    .map(([who, text]) => ({ role: ROLES[who], content: parts(text, 'text') }))
  const system = said.filter(([who]) => who === 's').map(([, text]) => ({ type: 'text', text }))
  return JSON.stringify(isChat ? { model, messages } : { model, system, messages })
}

const BLOCKING = { high: 'block', medium: 'block', low: 'log' }

for (const row of parse(read('test/cases/block-recovery.yaml')) as Row[]) {
  t.test(row.it, async (t) => {
    const dialect = row.dialect ?? 'anthropic-messages'
    let nowMs = 0
    const recovery: RecoveryPorts = {
      markOf: createMarkOf({ prefix: 'WEIR', key: Buffer.alloc(32, 1) }),
      blocked: createBlockedValues({ nowMs: () => nowMs }),
    }
    for (const [number, turn] of row.turns.entries()) {
      nowMs += (turn.afterHours ?? 0) * 3_600_000
      const { severities = BLOCKING } = turn
      const policy = { tiers: { restricted: { severities } }, ...(row.rules === undefined ? {} : { rules: row.rules }) }
      const world = flowWorld({ tier: 'restricted', policy })
      const client: Client = turn.from === undefined ? alice : { ...alice, address: turn.from }
      const head = headOf({}, turn.headers ?? [])
      const identification = world.snapshot.identify(head)
      const decide = (body: BodyFacts | null): ExchangeDecision => ({
        ...world.snapshot.decideExchange({ client, nowMs: 0, head, identification, seenDialect: null, body }),
        dialect,
      })
      const text = bodyOf(dialect, turn)
      const judgement = await judgeHeldBody(
        {
          inspect: world.ports.inspect,
          limits: { maxBytes: 65_536, maxRatio: 100 },
          editFor: vaultKey(client),
          decide,
          recovery,
        },
        { head, decision: decide(null), held: held(text) },
      )
      const { action, reason } = judgement.decision
      t.equal(`${action} ${reason}`, turn.gives, `turn ${number + 1}`)
      if (action === 'block') continue
      const sent = judgement.body === null ? text : Buffer.from(judgement.body).toString()
      t.strictSame(
        Object.values(SECRET).filter((secret) => sent.includes(secret)),
        turn.leaves ?? [],
        `what leaves in turn ${number + 1}`,
      )
    }
  })
}

t.test('its reason is documented', async (t) => {
  t.match(read('docs/policy.md'), `| \`${HISTORY_REDACTED}\` |`)
})

t.test('where nobody can tell what of a large request is new, it stays blocked', async (t) => {
  const world = flowWorld({ tier: 'restricted', policy: { tiers: { restricted: { severities: BLOCKING } } } })
  const head = headOf({}, [])
  const identification = world.snapshot.identify(head)
  const decide = (body: BodyFacts | null): ExchangeDecision => ({
    ...world.snapshot.decideExchange({ client: alice, nowMs: 0, head, identification, seenDialect: null, body }),
    dialect: 'anthropic-messages',
  })
  const blocked = createBlockedValues({ nowMs: () => 0 })
  const markOf = createMarkOf({ prefix: 'WEIR', key: Buffer.alloc(32, 1) })
  const [secret = ''] = Object.values(SECRET)
  const said = [{ u: secret }, { a: 'no' }, { u: 'go on' }]
  const actionWith = async (newestOf: NonNullable<RecoveryPorts['newestOf']>): Promise<string> => {
    const ports = {
      inspect: world.ports.inspect,
      limits: { maxBytes: 65_536, maxRatio: 100 },
      editFor: vaultKey(alice),
    }
    const recovery = { markOf, blocked, newestOf }
    const text = bodyOf('anthropic-messages', { send: said, gives: '' })
    const judgement = await judgeHeldBody(
      { ...ports, decide, recovery },
      { head, decision: decide(null), held: held(text) },
    )
    return judgement.decision.action
  }
  t.equal(await actionWith(() => ({ message: 0, part: 0 })), 'block', 'new at first')
  t.equal(await actionWith(() => Promise.resolve('unread' as const)), 'block')
  t.equal(await actionWith(() => Promise.resolve({ message: 2, part: 0 })), 'redact', 'only sent again')
})
