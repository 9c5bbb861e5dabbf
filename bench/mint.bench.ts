/**
 * How long does a new host wait for its certificate? Leaf minted and TLS context ready, one host after the other.
 * Peers in the same run, interleaved: the parts of our own path, and mockttp's CA where that package is installed.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { type AuthorityOptions, loadSource, openAuthority } from '../src/ca/authority.ts'
import { toPem } from '../src/ca/certificate.ts'
import { type Leaf, makeLeafKey, mintLeaf } from '../src/ca/leaf.ts'
import { makeCa } from '../test/ca/make-ca.ts'
import { type Section, table } from './harness/report.ts'
import { median, withRange } from './harness/stats.ts'

const GOAL_MS = 0.5

interface Contender {
  readonly name: string
  /** What happens the first time a host is seen. */
  readonly first: (host: string) => unknown
}

async function authorityContender(name: string, options: AuthorityOptions): Promise<Contender> {
  const opened = await openAuthority(options)
  if (!opened.ok) throw new Error(JSON.stringify(opened.problems))
  return { name, first: (host) => opened.authority.contextFor(host) }
}

/** The two halves of our path: the certificate alone, and the context alone. */
async function parts(options: AuthorityOptions): Promise<Contender[]> {
  const loaded = await loadSource(options)
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const key = makeLeafKey()
  const { source } = loaded
  const mint = (host: string): Leaf => mintLeaf(host, { source, key, leafDays: 90, nowMs: Date.now() }) as Leaf
  const cert = toPem(mint('a.test').der)
  return [
    { name: 'leaf only (P-256)', first: mint },
    { name: 'context only, by node:tls', first: () => createSecureContext({ key: key.privatePem, cert, ca: [] }) },
  ]
}

interface MockttpCa {
  readonly generateCertificate: (host: string) => { key: string; cert: string } | Promise<{ key: string; cert: string }>
}

/** mockttp keeps one key too; its CA code is internal, so a version that moved it is left out, and that is said. */
async function mockttpContender(keyPem: string, certPem: string): Promise<Contender | string> {
  const packageName = 'mockttp'
  try {
    const { getCA } = (await import(`${packageName}/dist/util/tls.js`).catch(
      () => import(`${packageName}/dist/util/certificates.js`),
    )) as { getCA: (options: { key: string; cert: string }) => Promise<MockttpCa> }
    const ca = await getCA({ key: keyPem, cert: certPem })
    return {
      name: 'mockttp (RSA 2048)',
      first: async (host) => {
        const { key, cert } = await ca.generateCertificate(host)
        return createSecureContext({ key, cert })
      },
    }
  } catch {
    return 'mockttp: not installed here (or its CA moved), left out'
  }
}

async function timeRound(contender: Contender, round: number, hosts: number): Promise<number> {
  const times: number[] = []
  for (let index = 0; index < hosts; index += 1) {
    const host = `h${index}.r${round}.example.com`
    const start = performance.now()
    const made = contender.first(host)
    if (made instanceof Promise) await made
    times.push(performance.now() - start)
  }
  return median(times)
}

/** Measure and clean up. */
export async function run(rounds = 7, hosts = 300): Promise<Section> {
  const dir = mkdtempSync(join(tmpdir(), 'weir-mint-'))
  try {
    const own: AuthorityOptions = {
      dir,
      chain: null,
      key: null,
      pkcs12: null,
      passphraseFile: null,
      leafDays: 90,
      nowMs: Date.now,
    }
    const rsa = makeCa({ key: 'rsa', notBeforeMs: Date.now() - 1000, notAfterMs: Date.now() + 86_400_000 })
    writeFileSync(join(dir, 'rsa.pem'), rsa.pem)
    writeFileSync(join(dir, 'rsa.key'), rsa.keyPem)
    const contenders = [
      await authorityContender('weir, own root (P-256)', own),
      await authorityContender('weir, company RSA 2048', {
        ...own,
        chain: join(dir, 'rsa.pem'),
        key: join(dir, 'rsa.key'),
      }),
      ...(await parts(own)),
    ]
    const peer = await mockttpContender(readFileSync(join(dir, 'rsa.key'), 'utf8'), rsa.pem)
    if (typeof peer !== 'string') contenders.push(peer)
    const medians = new Map<string, number[]>(contenders.map(({ name }) => [name, []]))
    for (let round = -1; round < rounds; round += 1) {
      for (const contender of contenders) {
        const ms = await timeRound(contender, round, round < 0 ? 30 : hosts)
        if (round >= 0) medians.get(contender.name)?.push(ms)
      }
    }
    const ours = median(medians.get('weir, own root (P-256)') ?? [])
    const rows = [...medians].map(([name, values]) => [name, withRange(values, 3)])
    return {
      name: 'mint',
      title: 'A new host: leaf minted, TLS context ready',
      body: `One host after the other in one process; ${rounds} interleaved rounds of ${hosts} hosts, medians, milliseconds of wall time.

${table(['what', 'ms, median (range of rounds)'], rows)}
${typeof peer === 'string' ? `\n${peer}\n` : ''}
Goal ≤ ${GOAL_MS} ms: ${ours <= GOAL_MS ? 'met' : `missed by ${(ours - GOAL_MS).toFixed(3)} ms`}.`,
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
