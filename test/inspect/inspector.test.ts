import fc from 'fast-check'
import t from 'tap'
import type { TextParts } from '../../src/dialects/dialect.ts'
import { dialectById } from '../../src/dialects/registry.ts'
import type { DialectId } from '../../src/domain/tool.ts'
import type { InspectPort } from '../../src/flow/ports.ts'
import type { DetectorSet } from '../../src/inspect/engine.ts'
import { expandExample } from '../../src/inspect/example-text.ts'
import { createInspector, type Inspector } from '../../src/inspect/inspector.ts'
import { createMemo, createPartsMemory } from '../../src/inspect/memo.ts'
import { compiled, shippedDetectors, sourceOf } from '../helpers/detectors.ts'

const shipped = shippedDetectors()
const SECRET = expandExample('glpat-<alnum:20>', 'secret')

interface Given {
  readonly detectors?: DetectorSet
  readonly textPartsOf?: (dialect: DialectId, body: Uint8Array, contentType: string | null) => TextParts
  readonly nowMs?: () => number
}

const inspectorOf = (given: Given = {}): Inspector =>
  createInspector({
    detectors: () => given.detectors ?? shipped,
    textPartsOf:
      given.textPartsOf ?? ((dialect, body, contentType) => dialectById(dialect).textParts(body, contentType)),
    placeholderPrefix: 'WEIR',
    placeholderKey: Buffer.alloc(32, 1),
    depth: 3,
    ...(given.nowMs === undefined ? {} : { nowMs: given.nowMs }),
  })
const request = (body: string, dialect: DialectId = 'generic', contentType = 'application/json') => ({
  body: Buffer.from(body),
  dialect,
  contentType,
})

/** A request of each dialect with `text` where people and tools write. */
const BODIES: Readonly<Partial<Record<DialectId, (text: string) => unknown>>> = {
  'anthropic-messages': (text) => ({
    model: 'claude-x',
    max_tokens: 1,
    messages: [
      { role: 'user', content: [{ type: 'text', text: `hello ${text}` }] },
      {
        role: 'assistant',
        content: [{ type: 'tool_use', id: 'a', name: 'Bash', input: { command: `echo ${text}\n` } }],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: `${text}\n` }] },
    ],
  }),
  'openai-chat': (text) => ({
    model: 'gpt-x',
    messages: [
      { role: 'user', content: text },
      {
        role: 'assistant',
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'f', arguments: JSON.stringify({ a: `\n${text}\n` }) } },
        ],
      },
    ],
  }),
  'openai-responses': (text) => ({
    model: 'gpt-x',
    input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: `see\n${text}` }] }],
  }),
  gemini: (text) => ({ contents: [{ role: 'user', parts: [{ text: `中文 ${text}` }] }] }),
  generic: (text) => ({ anything: { at: ['all', text] } }),
}

t.test('it is the port that flows ask for', async (t) => {
  const port: InspectPort = inspectorOf()
  t.type(port.inspect, 'function')
})

t.test('in every dialect the secret goes, everything else stays, and JSON stays JSON', async (t) => {
  for (const [dialect, bodyOf] of Object.entries(BODIES)) {
    const asked = request(JSON.stringify(bodyOf(SECRET)), dialect as DialectId)
    const inspector = inspectorOf()
    const { findings, unread } = inspector.inspect(asked)
    t.equal(unread, null, dialect)
    const { body: edited, placeholders } = inspector.redact({ ...asked, findings, severities: ['high'] })
    t.equal(placeholders.length, 1, dialect)
    t.equal(Buffer.from(edited).toString(), JSON.stringify(bodyOf(placeholders[0] ?? '')), dialect)
  }
})

t.test('the model is told, and a body without secrets has no findings', async (t) => {
  const inspection = inspectorOf().inspect(request(JSON.stringify(BODIES['openai-chat']?.('nothing')), 'openai-chat'))
  t.strictSame(inspection, { findings: [], unread: null, model: 'gpt-x' })
})

t.test('a secret under the name of a model is not told, in lines and parts neither', async (t) => {
  const line = JSON.stringify({ model: SECRET, prompt: 'x' })
  const boundary = 'multipart/form-data; boundary=b'
  const part = `--b\r\ncontent-disposition: form-data; name="request"\r\n\r\n${line}\r\n--b--\r\n`
  const asked = [request(line), request(line, 'generic', 'application/x-ndjson'), request(part, 'generic', boundary)]
  asked.push(request(`${line}\n${line}`, 'generic', 'application/x-ndjson'))
  for (const each of asked) {
    const { findings, model } = inspectorOf().inspect(each)
    t.ok(findings.length > 0)
    t.equal(model, null, String(findings[0]?.field))
  }
})

t.test('a finding in a signed part is found and never edited', async (t) => {
  const body = JSON.stringify({
    messages: [{ role: 'assistant', content: [{ type: 'thinking', thinking: `use ${SECRET}`, signature: 'c2ln' }] }],
  })
  const asked = request(body, 'anthropic-messages')
  const inspector = inspectorOf()
  const { findings } = inspector.inspect(asked)
  t.equal(findings.length, 1)
  t.equal(findings[0]?.isEditable, false)
  t.equal(inspector.redact({ ...asked, findings, severities: ['high'] }).body, asked.body)
})

t.test('what cannot be read is told, never thrown', async (t) => {
  const inspection = inspectorOf().inspect(request('{"messages": [', 'openai-chat'))
  t.strictSame(inspection, { findings: [], unread: 'unparsable', model: null })
  const binary = inspectorOf({ textPartsOf: () => ({ ok: false, unread: 'binary' }) }).inspect(request('x'))
  t.equal(binary.unread, 'binary')
})

t.test('a dialect or a detector that throws makes the body unread', async (t) => {
  const thrower = (): never => {
    throw new Error('fault')
  }
  t.equal(inspectorOf({ textPartsOf: thrower }).inspect(request('{}')).unread, 'detector-fault')
  t.equal(
    inspectorOf({ detectors: { detectors: [], scan: thrower } }).inspect(request('{"a":"b"}')).unread,
    'detector-fault',
  )
  const faulty: DetectorSet = { detectors: [], scan: () => ({ matches: [], hasFault: true, isCutShort: false }) }
  t.equal(inspectorOf({ detectors: faulty }).inspect(request('{"a":"b"}')).unread, 'detector-fault')
})

t.test('more than two seconds is a timeout, and what was found until then is told', async (t) => {
  let now = 0
  const slow = inspectorOf({ nowMs: () => (now += 900) })
  const inspection = slow.inspect(request(JSON.stringify([SECRET, 'b', 'c', SECRET])))
  t.equal(inspection.unread, 'timeout')
  t.equal(inspection.findings.length, 1)
})

t.test('the same body gives the same bytes, turn after turn and node after node', async (t) => {
  const asked = request(JSON.stringify(BODIES['anthropic-messages']?.(SECRET)), 'anthropic-messages')
  const edit = (): string => {
    const inspector = inspectorOf()
    const { findings } = inspector.inspect(asked)
    return Buffer.from(inspector.redact({ ...asked, findings, severities: ['high'] }).body).toString()
  }
  t.equal(edit(), edit())
})

t.test(
  'a conversation is read as if it were new, whatever changed in it and in the rules since its last turn',
  async (t) => {
    const sets = ['live', 'test'].map((kind) => {
      const keyword = `acme_${kind}_`
      const examples = { match: [`${keyword}abcdefghijkl`], noMatch: [] }
      const rule = {
        id: `acme-${kind}`,
        name: 'ACME',
        severity: 'high',
        keywords: [keyword],
        pattern: `${keyword}[a-z]{12}`,
      }
      return compiled([sourceOf([{ ...rule, examples }])])
    })
    const text = fc.tuple(
      fc.constantFrom('', 'acme_live_abcdefghijkl', 'acme_test_abcdefghijkl', '"a":"acme_live\\u005fabcdefghijkl"'),
      fc.integer({ min: 0, max: 30_000 }),
    )
    const message = text.map(([secret, length]) => ({
      role: 'user',
      content: [{ type: 'text', text: `${'words\n'.repeat(length / 12)}${secret} ${'more '.repeat(length / 12)}` }],
    }))
    const turn = fc.record({
      more: fc.array(message, { maxLength: 5 }),
      set: fc.constantFrom(...sets),
      /** A message that is another from now on. */
      changed: fc.option(fc.tuple(fc.nat(20), message), { freq: 3 }),
      removed: fc.option(fc.nat(20), { freq: 4 }),
    })
    let found = 0
    fc.assert(
      fc.property(fc.array(turn, { minLength: 2, maxLength: 6 }), (turns) => {
        let inForce = sets[0] as DetectorSet
        const memory = createPartsMemory(Buffer.alloc(32, 2))
        const options = {
          detectors: () => inForce,
          placeholderPrefix: 'WEIR',
          placeholderKey: Buffer.alloc(32, 1),
          depth: 3,
        }
        const remembering = createInspector({
          ...options,
          textPartsOf: (dialect, body, contentType) => dialectById(dialect).textParts(body, contentType, memory),
          memo: createMemo(Buffer.alloc(32, 3)),
        })
        const messages: unknown[] = []
        return turns.every(({ more, set, changed, removed }) => {
          inForce = set
          messages.push(...more)
          if (changed !== null && changed[0] < messages.length) messages[changed[0]] = changed[1]
          if (removed !== null) messages.splice(removed, 1)
          const asked = request(JSON.stringify({ model: 'claude-x', messages, stream: true }), 'anthropic-messages')
          const wanted = inspectorOf({ detectors: set }).inspect(asked)
          found += wanted.findings.length
          return JSON.stringify(remembering.inspect(asked)) === JSON.stringify(wanted)
        })
      }),
      { numRuns: 60 },
    )
    t.ok(found > 20, `${found} findings`)
  },
)
