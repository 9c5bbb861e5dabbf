import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type AppOptions, createApp } from '../../src/app.ts'
import { openAuthority } from '../../src/ca/authority.ts'
import { madeIn, runMain, startFolder } from '../helpers/start.ts'

const FREE = 'proxy: { listen: ["127.0.0.1:0"] }\nadmin: { listen: "127.0.0.1:0" }\n'

interface Refused {
  readonly kind: 'bad' | 'unreachable'
  /** `file:line: path: message`, errors only. */
  readonly lines: readonly string[]
}

/** A start that must fail, in this process. */
async function refusedStart(t: Test, dir: string, options: Partial<AppOptions> = {}): Promise<Refused> {
  const created = await createApp({ flags: {}, env: {}, cwd: dir, log: { write: () => true }, ...options })
  if (created.ok) {
    await created.app.stop()
    t.fail('it started')
    return { kind: 'bad', lines: [] }
  }
  const errors = created.problems.filter(({ severity }) => severity === 'error')
  return {
    kind: created.kind,
    lines: errors.map(({ file, line, path, message }) => `${file}:${line ?? '-'}: ${path}: ${message}`),
  }
}

async function takenPort(t: Test): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

/** A CA folder of ours, made at `nowMs`. */
async function makeCa(dir: string, nowMs: number): Promise<void> {
  const certs = { dir, chain: null, key: null, pkcs12: null, passphraseFile: null, leafDays: 30 }
  const opened = await openAuthority({ ...certs, nowMs: () => nowMs })
  if (!opened.ok) throw new Error('no CA')
}

const YEARS_AGO = Date.now() - 30 * 365 * 86_400_000

t.test('everything that is wrong is told at once, with file and line, and nothing is left behind', async (t) => {
  const port = await takenPort(t)
  const dir = startFolder(
    t,
    {
      'weir.yaml': `proxy:\n  listen: ["127.0.0.1:${port}"]\n  maxHeaders: many\nlimitz: {}\nadmin: { listen: "127.0.0.1:0" }\n`,
      'rules/catalogue/twice.yaml':
        'version: 1\nvendor: { id: twice, name: Twice, country: US }\nreviewed: 2026-11-22\ntools:\n' +
        '  - id: claude-code\n    name: Again\n    kinds: [coding-cli]\n    confidence: guess\n    endpoints: [{ host: twice.example, purpose: web }]\n' +
        '  - id: bad-host\n    name: Bad\n    kinds: [coding-cli]\n    confidence: guess\n    endpoints: [{ host: "*.*.example", purpose: web }]\n',
    },
    'shipped',
  )
  const policy = join(dir, 'rules', 'policy.yaml')
  writeFileSync(
    policy,
    readFileSync(policy, 'utf8').replace('assign:\n', 'assign:\n  - { tool: nobody, tier: approved }\n'),
  )
  const { code, stdout, stderr } = await runMain(t, ['serve'], { cwd: dir })
  t.equal(code, 1)
  t.equal(stdout, '')
  t.match(stderr, /^error: weir\.yaml:3: proxy\.maxHeaders: /mu)
  t.match(stderr, /^error: weir\.yaml:4: limitz: unknown key `limitz`/mu)
  t.match(stderr, /^error: rules\/catalogue\/\w+\.yaml:\d+: .*`?claude-code/mu)
  t.match(stderr, /^error: rules\/catalogue\/twice\.yaml:14: tools\[1\]\.endpoints\[0\]\.host: /mu)
  t.match(stderr, /^error: rules\/policy\.yaml:\d+: assign\[0\]\.tool: .*nobody/mu)
  t.match(stderr, /^weir: not started: 5 errors?, \d+ warnings?$/mu)
  t.strictSame(madeIn(dir), [])
})

t.test('the problems are one JSON object when asked for', async (t) => {
  const dir = startFolder(t, { 'weir.yaml': `${FREE}limitz: {}\n` })
  const { code, stdout, stderr } = await runMain(t, ['serve', '--json'], { cwd: dir })
  t.equal(code, 1)
  t.equal(stderr, '')
  t.match(JSON.parse(stdout), { ok: false, problems: [{ file: 'weir.yaml', line: 3, path: 'limitz' }] })
})

t.test('broken rules do not hide a taken port, an expired CA or a missing file', async (t) => {
  const port = await takenPort(t)
  const dir = startFolder(t, {
    'weir.yaml': `proxy: { listen: ["127.0.0.1:${port}"] }\nadmin: { listen: "127.0.0.1:0" }\nupstream: { extraRoots: [nowhere.pem] }\n`,
  })
  appendFileSync(join(dir, 'rules', 'policy.yaml'), 'surprise: 1\n')
  await makeCa(join(dir, 'certs'), YEARS_AGO)
  const { kind, lines } = await refusedStart(t, dir)
  t.equal(kind, 'bad')
  t.equal(lines.length, 4, lines.join('\n'))
  t.ok(lines.some((line) => /^rules\/policy\.yaml:\d+: surprise: unknown key/u.test(line)))
  t.ok(lines.some((line) => line.endsWith('nowhere.pem:-: upstream.extraRoots[0]: cannot be read: ENOENT')))
  t.ok(
    lines.some((line) =>
      line.startsWith(`127.0.0.1:${port}:-: proxy.listen[0]: cannot listen here: the port is taken`),
    ),
  )
  t.ok(lines.some((line) => /root\.crt:-: : CA certificate .* expired on/u.test(line)))
  t.strictSame(madeIn(dir), ['certs'])
})

t.test('taken ports alone: exit code 3, all of them told, and nothing is made', async (t) => {
  const [one, two] = [await takenPort(t), await takenPort(t)]
  const dir = startFolder(t, {
    'weir.yaml': `proxy: { listen: ["127.0.0.1:0", "127.0.0.1:${one}"] }\nadmin: { listen: "127.0.0.1:${two}" }\n`,
  })
  const { code, stderr } = await runMain(t, ['serve'], { cwd: dir })
  t.equal(code, 3)
  const taken = 'cannot listen here: the port is taken'
  t.match(stderr, new RegExp(`^error: 127\\.0\\.0\\.1:${one}: proxy\\.listen\\[1\\]: ${taken}`, 'mu'))
  t.match(stderr, new RegExp(`^error: 127\\.0\\.0\\.1:${two}: admin\\.listen: ${taken}`, 'mu'))
  t.strictSame(madeIn(dir), [])
})

t.test('a flag that is wrong is told as a flag', async (t) => {
  const dir = startFolder(t, { 'weir.yaml': FREE })
  const { kind, lines } = await refusedStart(t, dir, { flags: { listen: ['here'], admin: '127.0.0.1:99999' } })
  t.equal(kind, 'bad')
  t.ok(
    lines.some((line) => line.startsWith('flag --listen:-: proxy.listen[0]: ')),
    lines.join('\n'),
  )
  t.ok(lines.some((line) => line.startsWith('flag --admin:-: admin.listen: ')))
  t.strictSame(madeIn(dir), [])
})

t.test('what cannot be read is 3: rules folder, named configuration, CA, network map', async (t) => {
  const cases: [string, Record<string, string>, 'small' | 'none', RegExp][] = [
    ['rules folder', { 'weir.yaml': FREE }, 'none', /^rules\/catalogue:-: : this folder is missing/u],
    [
      'CA',
      { 'weir.yaml': `${FREE}certs: { chain: ca.pem, key: ca.key }\n` },
      'small',
      /ca\.(?:pem|key):-: : cannot be read \(ENOENT\)/u,
    ],
    [
      'network map',
      { 'weir.yaml': `${FREE}identity: { map: who.yaml }\n` },
      'small',
      /^who\.yaml:-: : cannot be read: ENOENT/u,
    ],
  ]
  for (const [what, files, rules, line] of cases) {
    const dir = startFolder(t, files, rules)
    const refused = await refusedStart(t, dir)
    t.equal(refused.kind, 'unreachable', what)
    t.ok(
      refused.lines.some((each) => line.test(each)),
      refused.lines.join('\n'),
    )
    t.strictSame(madeIn(dir), [], what)
  }
  const dir = startFolder(t, {})
  const named = await refusedStart(t, dir, { flags: { config: 'other.yaml' } })
  t.match(named, { kind: 'unreachable', lines: ['other.yaml:-: : cannot be read: ENOENT'] })
})

t.test('a CA that is expired or does not fit its key is bad, and is left as it is', async (t) => {
  const dir = startFolder(t, { 'weir.yaml': FREE })
  await makeCa(join(dir, 'certs'), YEARS_AGO)
  const before = readdirSync(join(dir, 'certs')).sort()
  const expired = await refusedStart(t, dir)
  t.equal(expired.kind, 'bad')
  t.match(expired.lines[0], /root\.crt:-: : CA certificate .* expired on/u)
  t.strictSame(readdirSync(join(dir, 'certs')).sort(), before)
  t.strictSame(madeIn(dir), ['certs'])
  await makeCa(join(dir, 'other'), Date.now())
  writeFileSync(join(dir, 'certs', 'root.key'), readFileSync(join(dir, 'other', 'root.key')))
  rmSync(join(dir, 'other'), { recursive: true })
  const misfit = await refusedStart(t, dir)
  t.match(misfit, { kind: 'bad', lines: [/root\.crt:-: : does not belong to root\.key/u] })
})

t.test('certificate and key of a port that do not fit are told with their file', async (t) => {
  const dir = startFolder(t, {
    'weir.yaml': FREE.replace('admin: {', 'admin: { tls: { chain: a.pem, key: a.key },'),
    'a.pem': 'no certificate',
    'a.key': 'no key',
  })
  const { kind, lines } = await refusedStart(t, dir)
  t.equal(kind, 'bad')
  t.match(lines[0], /a\.pem:-: admin\.tls: certificate and key do not work together/u)
})

t.test('a data folder that another Weir uses is refused: two writers would break the chain', async (t) => {
  const dir = startFolder(t, { 'weir.yaml': FREE })
  const first = await createApp({ flags: {}, env: {}, cwd: dir, log: { write: () => true } })
  if (!first.ok) throw new Error(first.problems.map(({ message }) => message).join('\n'))
  const { code, stderr } = await runMain(t, ['serve'], { cwd: dir })
  t.equal(code, 3)
  t.match(stderr, /^error: .*weir\.lock: the data folder is in use by another Weir/mu)
  await first.app.stop()
  const second = await createApp({ flags: {}, env: {}, cwd: dir, log: { write: () => true } })
  t.ok(second.ok, 'and free again once the first has stopped')
  if (second.ok) await second.app.stop()
})

t.test('a start that fails half way closes what it opened', async (t) => {
  const dir = startFolder(t, { 'weir.yaml': FREE })
  // The event folder is a file: the data folder, token and keys are fine, the spool is not.
  mkdirSync(join(dir, 'data'))
  writeFileSync(join(dir, 'data', 'audit'), '')
  const refused = await refusedStart(t, dir)
  t.equal(refused.kind, 'unreachable')
  rmSync(join(dir, 'data', 'audit'))
  const again = await createApp({ flags: {}, env: {}, cwd: dir, log: { write: () => true } })
  t.ok(again.ok, 'the data folder was let go of')
  if (again.ok) await again.app.stop()
})

t.test('a data folder that cannot be made is told', async (t) => {
  // Below a file no folder can be, not even for root.
  const dir = startFolder(t, { 'weir.yaml': `${FREE}data: { dir: weir.yaml/data }\n` })
  t.equal((await refusedStart(t, dir)).kind, 'unreachable')
})
