/** The shipped catalogue itself: it compiles, knows every tool, takes no shared host and reads real heads as it should. */
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import type { Catalogue } from '../../src/catalogue/catalogue.ts'
import { compileCatalogue } from '../../src/catalogue/compile.ts'
import { identify, lookupHost } from '../../src/catalogue/identify.ts'
import type { CatalogueSource } from '../../src/catalogue/problems.ts'
import { type CatalogueFile, catalogueFileSchema, type EndpointEntry } from '../../src/catalogue/schema.ts'
import type { Candidate, Identification, RequestHead } from '../../src/domain/tool.ts'

interface Case {
  readonly name: string
  readonly request: string
  readonly headers?: Readonly<Record<string, string>>
  readonly expect: {
    readonly tool: string | null
    readonly version?: string
    readonly purpose?: string
    readonly dialect?: string
    readonly shared?: boolean
  }
}

interface Cases {
  readonly requests: readonly Case[]
  readonly ordinary: readonly Readonly<Record<string, string>>[]
  readonly tools: readonly string[]
}

const folder = new URL('../../rules/catalogue/', import.meta.url)
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
const texts = new Map(names.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]))
const sources: CatalogueSource[] = [...texts].map(([file, text]) => ({
  file,
  document: parse(text) as unknown,
  lineOf: () => null,
}))
const files: CatalogueFile[] = sources.map((source) => catalogueFileSchema.parse(source.document))
const tools = files.flatMap((file) => file.tools)
const cases = parse(readFileSync(new URL('../cases/catalogue-data.yaml', import.meta.url), 'utf8')) as Cases
const compiled = compileCatalogue(sources, { templates: {} })

/** Placeholder for one sub-host of a `*.` pattern. */
const sampleHost = (pattern: string): string => pattern.replace(/^\*\./u, 'weir-probe.')
const isPlain = (endpoint: EndpointEntry): boolean => !/[{/]/u.test(endpoint.host)
const openHosts = (): string[] => [
  ...new Set(
    tools.flatMap((tool) =>
      tool.endpoints.filter((each) => isPlain(each) && each.shared !== true).map((each) => sampleHost(each.host)),
    ),
  ),
]

const headOf = (request: string, headers: Readonly<Record<string, string>> = {}): RequestHead => {
  const [method = '', address = ''] = request.split(' ')
  const url = new URL(address)
  return {
    method,
    scheme: 'https',
    host: url.hostname,
    port: 443,
    path: url.pathname,
    headers: Object.entries(headers).flat(),
    isUpgrade: url.protocol === 'wss:',
  }
}

/** Whom a request belongs to before tiers are looked at: the marked tool, else the only or the fallback one. */
function ownerOf({ candidates, marks }: Identification): { tool: string; use: Candidate | undefined } | null {
  const fallback = candidates.find((each) => each.isFallback) ?? candidates[0]
  const marked = marks[0]?.tool
  if (marked !== undefined && fallback !== undefined)
    return { tool: marked, use: candidates.find((each) => each.tool === marked) ?? fallback }
  return fallback === undefined ? null : { tool: fallback.tool, use: fallback }
}

const catalogueOf = (): Catalogue => {
  if (!compiled.ok) throw new Error('the catalogue does not compile')
  return compiled.catalogue
}

t.test('the shipped catalogue compiles, and all it warns of are templates that a company fills in', async (t) => {
  const errors = compiled.problems.filter((problem) => problem.severity === 'error')
  t.same(errors, [], 'no errors')
  const others = compiled.problems.filter((problem) => !/is inactive: .*catalogue\.templates/u.test(problem.message))
  t.same(others, [], 'no other warnings')
})

t.test('the shipped catalogue knows every tool, each once, with its sources and a review date', async (t) => {
  t.same(tools.map((tool) => tool.id).sort(), [...cases.tools].sort())
  t.equal(tools.length, 131)
  for (const tool of tools) t.ok(tool.sources.length > 0, `${tool.id} names its sources`)
  for (const file of files) t.ok(file.reviewed >= '2026-11-22', `${file.vendor.id} was reviewed`)
})

t.test('a catalogue file is named for its vendor', async (t) => {
  for (const [index, file] of files.entries()) t.equal(names[index], `${file.vendor.id}.yaml`)
})

t.test('every tool can be found: it has endpoints, marks or both', async (t) => {
  for (const tool of tools) t.ok(tool.endpoints.length + tool.marks.length > 0, tool.id)
})

t.test('names of tools read well in the middle of a notice: no brackets, no lists, each name once', async (t) => {
  const toolNames = tools.map((tool) => tool.name)
  t.same(
    toolNames.filter((name) => /[(),;:]/u.test(name) || name.length > 50),
    [],
  )
  t.equal(new Set(toolNames).size, toolNames.length)
})

t.test('no shared cloud is in the catalogue as a whole', async (t) => {
  const clouds =
    'amazonaws.com api.aws azure.com azurewebsites.net windows.net googleapis.com google.com gstatic.com run.app github.com githubusercontent.com cloudflare.com aliyuncs.com aliyun.com myqcloud.com tencent.com qq.com baidu.com baidubce.com volces.com volcengine.com bytepluses.com office.com microsoft.com bing.com vercel.app hf.space replit.app lovable.app sentry.io datadoghq.com posthog.com'
  for (const cloud of clouds.split(' '))
    for (const host of [cloud, `weir-probe.${cloud}`, `a.weir-probe.${cloud}`, `weir-probe.us-east-1.${cloud}`]) {
      const known = lookupHost(catalogueOf(), host, 443)
      t.ok(!known.isKnown || known.isShared, `${host} is left alone`)
    }
})

t.test('no package registry is named anywhere, not even as a source', async (t) => {
  const modelsNotPackages = /\b(?:registry\.ollama\.ai|registry\.modelcontextprotocol\.io)\b/gu
  for (const [name, text] of texts) {
    const hit = /(?:^|[^a-z0-9-])(?:registry|packages?|pkg)\.[a-z0-9.-]+\.?(?:org|io|com|dev|net)\b/u.exec(
      text.replaceAll(modelsNotPackages, ''),
    )
    t.equal(hit?.[0], undefined, name)
  }
})

t.test('an entry on a shared host names the paths that are AI', async (t) => {
  for (const tool of tools)
    for (const endpoint of tool.endpoints)
      if (endpoint.shared === true)
        t.ok(
          (endpoint.paths ?? ['/**']).every((path) => path !== '/**'),
          `${tool.id} ${endpoint.host}`,
        )
})

t.test('mentioned hosts are documentation: they are not in the index', async (t) => {
  for (const tool of tools)
    for (const host of tool.mentions) t.notOk(lookupHost(catalogueOf(), host, 443).isKnown, `${tool.id} ${host}`)
})

t.test('what nobody named on a host of several tools belongs to one of them', async (t) => {
  for (const host of openHosts())
    for (const request of ['GET https', 'POST https', 'DELETE https', 'GET wss']) {
      const { candidates } = identify(catalogueOf(), headOf(`${request}://${host}/weir/unnamed`))
      const fallbacks = candidates.filter((each) => each.isFallback).length
      t.ok(
        candidates.length === 1 || fallbacks === 1,
        `${request}://${host}: ${candidates.map((each) => each.tool).join()}`,
      )
    }
})

t.test('pages, static files and sign-in of chat sites are not inference', async (t) => {
  const sites = tools.filter((tool) => tool.kinds.includes('chat-web'))
  const requests = ['/', '/favicon.ico', '/static/app.js', '/login', '/about']
  for (const host of new Set(
    sites.flatMap((tool) =>
      tool.endpoints.filter((each) => isPlain(each) && each.purpose === 'web').map((each) => sampleHost(each.host)),
    ),
  )) {
    const purposes = requests.flatMap((path) =>
      identify(catalogueOf(), headOf(`GET https://${host}${path}`)).candidates.map((each) => each.purpose),
    )
    t.notOk(purposes.includes('inference'), host)
  }
})

t.test('marks look at the start of a value or at a whole item of it', async (t) => {
  for (const tool of tools)
    for (const mark of tool.marks)
      if (mark.matches !== undefined) t.match(mark.matches, /^(?:\^|\(\?:\^\|)/u, `${tool.id} ${mark.matches}`)
})

t.test('browsers, SDKs and everyday programs carry no marks', async (t) => {
  for (const headers of cases.ordinary)
    t.same(identify(catalogueOf(), headOf('GET https://example.com/', headers)).marks, [], JSON.stringify(headers))
})

t.test('the shipped catalogue on request heads', async (t) => {
  for (const { name, request, headers, expect } of cases.requests) {
    const found = identify(catalogueOf(), headOf(request, headers))
    const owner = ownerOf(found)
    t.equal(owner?.tool ?? null, expect.tool, `${name}: tool`)
    t.equal(found.host.isShared, expect.shared ?? false, `${name}: shared`)
    if (expect.purpose !== undefined) t.equal(owner?.use?.purpose, expect.purpose, `${name}: purpose`)
    if (expect.dialect !== undefined) t.equal(owner?.use?.dialect, expect.dialect, `${name}: dialect`)
    const version = found.marks.find((mark) => mark.tool === expect.tool && mark.version !== null)?.version
    if (expect.version !== undefined) t.equal(version, expect.version, `${name}: version`)
  }
})
