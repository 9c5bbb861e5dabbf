/** Redaction and restoration together: what left as a placeholder comes back as the very text, and leaves as the same again. */
import fc from 'fast-check'
import t from 'tap'
import { dialectById } from '../../src/dialects/registry.ts'
import { expandExample } from '../../src/inspect/example-text.ts'
import { createInspector } from '../../src/inspect/inspector.ts'
import { createBodyRestorer } from '../../src/inspect/restore-body.ts'
import { createVault } from '../../src/inspect/vault.ts'
import { shippedDetectors } from '../helpers/detectors.ts'
import { ECHO, type EchoDialect, eventsOf, inside, piecesOf, sseText } from '../helpers/echo-provider.ts'

const detectors = shippedDetectors()
const TOKEN = expandExample('glpat-<alnum:20>', 'round-trip')
const PEM = expandExample(
  '-----BEGIN PRIVATE KEY-----<nl><base64:64><nl><base64:24><nl>-----END PRIVATE KEY-----',
  'round-trip',
)
const SEVERITIES = ['high', 'medium', 'low'] as const

function proxy() {
  const vault = createVault()
  const inspector = createInspector({
    detectors: () => detectors,
    textPartsOf: (dialect, body, contentType) => dialectById(dialect).textParts(body, contentType),
    placeholderPrefix: 'WEIR',
    placeholderKey: Buffer.alloc(32, 3),
    depth: 3,
    vault,
  })
  return {
    vault,
    redact: (dialect: EchoDialect, value: unknown): string => {
      const asked = { body: Buffer.from(JSON.stringify(value)), dialect, contentType: 'application/json' }
      const { findings } = inspector.inspect({ ...asked, editFor: 'me' })
      return Buffer.from(
        inspector.redact({ ...asked, findings, severities: SEVERITIES, keepFor: 'me' }).body,
      ).toString()
    },
    restore: (dialect: EchoDialect, stream: string): string => {
      const restorer = createBodyRestorer({
        contentType: 'text/event-stream',
        room: () => true,
        onUnrestored: () => undefined,
        rules: {
          pointsOf: dialectById(dialect).restorePoints ?? (() => ({ points: [], ended: [] })),
          historySigns: [],
          onHistory: () => undefined,
          book: {
            prefix: 'WEIR',
            valueOf: (placeholder) => vault.valueOf('me', placeholder),
            onRestored: () => undefined,
            onMiss: () => undefined,
          },
        },
      })
      const out = Buffer.from(restorer?.push(Buffer.from(stream)) ?? [])
      return Buffer.concat([out, restorer?.end() ?? Buffer.alloc(0)]).toString()
    },
  }
}

const words = fc.array(
  fc.constantFrom(
    TOKEN,
    PEM,
    JSON.stringify({ token: TOKEN, key: PEM }),
    'password = "kT9#mQ2$vLx8"',
    'kT9#mQ2$vLx8',
    'ann.lee@corp-mail.de',
    'postgres://app:k3Jd82hfQ@db/x',
    'WEIR',
    'WEIRAB',
    '\n',
    '"',
    '\\',
    ' ',
    'é😀',
    '{',
  ),
  { maxLength: 8 },
)

for (const dialect of Object.keys(ECHO) as EchoDialect[]) {
  t.test(
    `${dialect}: whatever was redacted comes back, however it is cut, and leaves as the same bytes again`,
    async () => {
      const shape = ECHO[dialect]
      fc.assert(
        fc.property(words, fc.integer({ min: 1, max: 40 }), (parts, size) => {
          const prompt = parts.join(' ')
          const { redact, restore } = proxy()
          const first = redact(dialect, shape.request(prompt, true))
          if (first.includes(TOKEN)) return false
          const seen = promptOf(dialect, JSON.parse(first))
          const args = JSON.stringify({ content: seen })
          const answer = restore(
            dialect,
            sseText(shape.events({ text: piecesOf(seen, size), args: piecesOf(args, size) })),
          )
          const read = shape.read(eventsOf(answer))
          const isBack = read.text === prompt && inside(JSON.parse(read.args), 'content') === prompt
          // The next turn brings the same prompt, and what the model said of it.
          return isBack && redact(dialect, shape.request(prompt, true)) === first
        }),
        { numRuns: 60 },
      )
    },
  )
}

function promptOf(dialect: EchoDialect, request: unknown): string {
  const paths: Readonly<Record<EchoDialect, readonly (string | number)[]>> = {
    'anthropic-messages': ['messages', 0, 'content'],
    'openai-chat': ['messages', 0, 'content'],
    'openai-responses': ['input', 0, 'content', 0, 'text'],
    gemini: ['contents', 0, 'parts', 0, 'text'],
    'gemini-code-assist': ['request', 'contents', 0, 'parts', 0, 'text'],
  }
  return String(inside(request, ...paths[dialect]))
}
