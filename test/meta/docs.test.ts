import t from 'tap'
import { z } from 'zod'
import { leavesOf } from '../../src/config/env.ts'
import { configSchema } from '../../src/config/schema.ts'
import { PROXY_ERRORS } from '../../src/domain/proxy-error.ts'
import { METRICS, type MetricRow } from '../../src/observe/metric-names.ts'
import { startControl } from '../control/fixture.ts'
import { quoted, read, sources, tableRows } from './project.ts'

t.test('docs/errors.md has every error code with its side and status, and no other', async (t) => {
  const rows = tableRows('docs/errors.md', /^# Errors/u)
  const documented = rows.map(([code = '', side, status]) => [quoted(code)[0], side, status])
  const inCode = Object.entries(PROXY_ERRORS).map(([code, row]) => [
    code,
    row.side,
    row.status === null ? 'none' : String(row.status),
  ])
  t.strictSame(documented.sort(), inCode.sort())
  for (const [code = '', , , meaning = '', advice = ''] of rows) t.ok(meaning.length > 10 && advice.length > 5, code)
})

t.test('docs/config.md has every key of the configuration, and no other', async (t) => {
  const keys = leavesOf(configSchema.parse({})).map(({ path }) => path.join('.'))
  const sections = Object.keys(z.object(configSchema.shape).shape)
  const page = read('docs/config.md')
  const named = new Set(quoted(page))
  t.strictSame(
    keys.filter((key) => !named.has(key)),
    [],
    'keys without a word',
  )
  const isKey = (name: string): boolean =>
    sections.some((section) => name.startsWith(`${section}.`)) && /^[\w.]+$/u.test(name)
  const isKnown = (name: string): boolean =>
    keys.some((key) => key === name || name.startsWith(`${key}.`) || key.startsWith(`${name}.`))
  t.strictSame(
    [...named].filter(
      (name) => isKey(name) && !/\.(?:yaml|key|pem|json|jsonl|db|token)$/u.test(name) && !isKnown(name),
    ),
    [],
    'words without a key',
  )
})

t.test('docs/admin-api.md has every call of the API with its parameters', async (t) => {
  const { get } = await startControl(t)
  interface Operation {
    readonly parameters?: readonly { readonly name: string; readonly in: string }[]
    readonly requestBody?: {
      readonly content: Readonly<Record<string, { readonly schema: { readonly properties: object } }>>
    }
  }
  const { paths } = (await get('/api/v1/openapi.json')).json as {
    paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  }
  const inCode = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const query = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query').map(({ name }) => name)
      const body = Object.values(operation.requestBody?.content ?? {}).flatMap(({ schema }) =>
        Object.keys(schema.properties),
      )
      return [`${method.toUpperCase()} ${path}`, ...[...query, ...body].sort()]
    }),
  )
  const documented = tableRows('docs/admin-api.md', /^## API/u).map(([call = '', parameters = '']) => [
    ...quoted(call),
    ...[...quoted(parameters)].sort(),
  ])
  t.strictSame(documented.sort(), inCode.sort())
})

t.test('docs/admin-api.md has every open page, and each answers', async (t) => {
  const { get } = await startControl(t)
  const pages = tableRows('docs/admin-api.md', /^## Open pages/u).map(
    ([page = '']) => quoted(page)[0]?.replace('GET ', '') ?? '',
  )
  t.strictSame(pages, ['/livez', '/readyz', '/metrics', '/proxy.pac', '/wpad.dat', '/ca.pem'])
  for (const page of pages) t.equal((await get(page, {})).status, 200, page)
})

t.test('docs/admin-api.md has every metric, and the program counts each of them', async (t) => {
  const documented = tableRows('docs/admin-api.md', /^## Metrics/u).map(([name = '', type, labels = '']) => [
    quoted(name)[0],
    type,
    ...quoted(labels),
  ])
  const inCode = Object.entries(METRICS).map(([name, row]: [string, MetricRow]) => [name, row.type, ...row.labels])
  t.strictSame(documented.sort(), inCode.sort())
  const text = sources()
    .filter((path) => path !== 'src/observe/metric-names.ts')
    .map(read)
    .join('\n')
  t.strictSame(
    Object.keys(METRICS).filter((name) => !text.includes(`'${name}'`)),
    [],
    'promised and never counted',
  )
})
