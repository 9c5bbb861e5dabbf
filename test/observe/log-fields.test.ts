import t from 'tap'
import ts from 'typescript'
import { LOG_EVENTS, LOG_FIELDS } from '../../src/observe/log-fields.ts'
import { read, sources } from '../meta/project.ts'

interface LogCall {
  readonly events: readonly string[]
  readonly fields: readonly string[]
}

const LEVELS: ReadonlySet<string> = new Set(['debug', 'info', 'warn', 'error'])

/** `folder.what-happened`; other two-argument calls of these names are no log calls. */
const EVENT = /^[a-z]+\.[a-z]+(?:-[a-z]+)*$/u

/** Constant event names that an expression can be, both sides of a condition included. */
function texts(node: ts.Expression): readonly string[] {
  if (ts.isStringLiteral(node)) return EVENT.test(node.text) ? [node.text] : []
  return ts.isConditionalExpression(node) ? [...texts(node.whenTrue), ...texts(node.whenFalse)] : []
}

/** Names of the plain fields of an object literal; spread objects are not followed. */
const fieldNames = (node: ts.Expression): readonly string[] =>
  ts.isObjectLiteralExpression(node)
    ? node.properties.flatMap((property) =>
        property.name !== undefined && ts.isIdentifier(property.name) ? [property.name.text] : [],
      )
    : []

/** Calls like `log.warn({…}, 'event')` of one source. */
function logCalls(text: string): readonly LogCall[] {
  const calls: LogCall[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.arguments.length === 2) {
      const [fields, event] = node.arguments
      const callee = node.expression
      const isLevel = ts.isPropertyAccessExpression(callee) && LEVELS.has(callee.name.text)
      const isLog = ts.isIdentifier(callee) && callee.text === 'log'
      if ((isLevel || isLog) && fields !== undefined && event !== undefined && texts(event).length > 0) {
        calls.push({ events: texts(event), fields: fieldNames(fields) })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest))
  return calls
}

const CALLS = sources().flatMap((path) => logCalls(read(path)).map((call) => ({ path, ...call })))

t.test('calls are found with their event and fields', async (t) => {
  const text =
    "a.log.warn({ host, err: e }, ok ? 'x.one' : 'x.two'); other(1, 'y.z'); b.warn(p, 'a sentence'); c.info('x.z')"
  t.strictSame(logCalls(text), [{ events: ['x.one', 'x.two'], fields: ['host', 'err'] }])
  t.ok(CALLS.length >= 10, `${CALLS.length} calls`)
})

t.test('every event that the program logs stands in LOG_EVENTS, and the other way round', async (t) => {
  const used = new Set(CALLS.flatMap(({ events }) => events))
  t.strictSame([...used].sort(), Object.keys(LOG_EVENTS).sort())
})

t.test('every field that the program logs stands in LOG_FIELDS', async (t) => {
  const known = new Set<string>(Object.keys(LOG_FIELDS))
  const unknown = CALLS.flatMap(({ path, fields }) =>
    fields.filter((field) => !known.has(field)).map((field) => `${path}: ${field}`),
  )
  t.strictSame(unknown, [])
})
