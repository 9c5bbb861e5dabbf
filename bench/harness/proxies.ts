/** Weir and its peers, each started as a child process with a process tree of its own. */
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { freePort, isListening } from './client.ts'
import { type Child, startChild } from './process-tree.ts'
import { AI_HOST, OTHER_HOST, type Rig, startScript } from './rig.ts'

/** A proxy that runs and can be measured. */
export interface Contender {
  readonly name: string
  readonly child: Child
  readonly port: number
}

/** Why a peer is left out. */
export interface Missing {
  readonly name: string
  readonly why: string
}

export type Start = (rig: Rig) => Promise<Contender | Missing>

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const GC = new URL('./gc-on-signal.ts', import.meta.url).href

/** Where each name's connections go, for proxies that resolve names themselves. */
export interface Names {
  readonly [hostAndPort: string]: string
}

/** `weir serve` with the shipped rules, a fresh data folder and everything on: policy, audit, store. */
export const startWeir =
  (options: { readonly pins?: Names; readonly nodeArgs?: readonly string[] } = {}): Start =>
  async (rig) => {
    const dir = join(rig.dir, 'weir')
    mkdirSync(dir)
    cpSync(join(ROOT, 'rules'), join(dir, 'rules'), { recursive: true })
    const port = await freePort()
    const config = {
      proxy: { listen: [`127.0.0.1:${port}`] },
      admin: { listen: `127.0.0.1:${await freePort()}` },
      upstream: {
        resolve: { [`${AI_HOST}:443`]: `${rig.address}:443`, ...options.pins },
        extraRoots: [rig.certificates.originRoot],
      },
      limits: { perClient: 20_000 },
    }
    writeFileSync(join(dir, 'weir.yaml'), stringify(config))
    const args = [
      '--expose-gc',
      '--import',
      GC,
      ...(options.nodeArgs ?? []),
      join(ROOT, 'src/main.ts'),
      'serve',
      '--json',
    ]
    // The banner comes last: everything is ready then.
    const child = await startChild(process.execPath, args, {
      cwd: dir,
      isReady: (output) => output.includes('"listen"'),
    })
    return { name: 'Weir', child: rig.add(child), port }
  }

const SQUID = '/usr/sbin/squid'
const CERTGEN = '/usr/lib/squid/security_file_certgen'

/** Squid: `bump` intercepts (ssl-bump), else it tunnels. No policy, no log. */
export const startSquid =
  (mode: 'bump' | 'tunnel'): Start =>
  async (rig) => {
    const name = mode === 'bump' ? 'Squid ssl-bump' : 'Squid'
    if (!existsSync(SQUID)) return { name, why: 'squid is not installed' }
    if (mode === 'bump' && !existsSync(CERTGEN))
      return { name, why: 'squid is installed without ssl-bump (squid-openssl)' }
    const port = await freePort()
    const dir = rig.dir
    writeFileSync(join(dir, 'hosts'), `${rig.address} ${AI_HOST}\n127.0.0.1 ${OTHER_HOST}\n`)
    const bump =
      mode === 'tunnel'
        ? `http_port 127.0.0.1:${port}`
        : `http_port 127.0.0.1:${port} ssl-bump tls-cert=${rig.certificates.peerBoth} generate-host-certificates=on dynamic_cert_mem_cache_size=4MB
sslcrtd_program ${CERTGEN} -s ${dir}/certgen -M 4MB
acl step1 at_step SslBump1
ssl_bump peek step1
ssl_bump bump all
tls_outgoing_options cafile=${rig.certificates.originRoot}`
    if (mode === 'bump') {
      const made = await startChild(CERTGEN, ['-c', '-s', `${dir}/certgen`, '-M', '4MB'], {
        cwd: dir,
        isReady: () => true,
      })
      await new Promise((resolve) => setTimeout(resolve, 500))
      await made.stop()
      await openToAll(`${dir}/certgen`)
    }
    writeFileSync(
      join(dir, 'squid.conf'),
      `${bump}
http_access allow all
cache deny all
access_log none
server_pconn_for_nonretriable allow all
cache_log ${dir}/squid.log
pid_filename ${dir}/squid.pid
coredump_dir ${dir}
hosts_file ${dir}/hosts
shutdown_lifetime 0 seconds
max_filedescriptors 16384
visible_hostname bench
`,
    )
    const child = await startChild(SQUID, ['-N', '-f', join(dir, 'squid.conf')], {
      cwd: dir,
      isReady: () => isListening('127.0.0.1', port),
    })
    return { name, child: rig.add(child), port }
  }

/** Squid runs as another user than the one that made the folder. */
async function openToAll(path: string): Promise<void> {
  const chmod = await startChild('chmod', ['-R', 'a+rwX', path], { cwd: '/', isReady: () => true })
  await new Promise((resolve) => setTimeout(resolve, 200))
  await chmod.stop()
}

const isInstalled = (packageName: string): boolean => {
  try {
    createRequire(import.meta.url).resolve(packageName)
    return true
  } catch {
    return false
  }
}

const LEFT_OUT = 'not installed: `npm install --no-package-lock` in bench/'

export const startMockttp: Start = async (rig) => {
  const name = 'mockttp'
  if (!isInstalled('mockttp')) return { name, why: LEFT_OUT }
  const { peerRoot, peerKey } = rig.certificates
  return { name, ...(await startScript(rig, 'peers/mockttp.ts', [peerRoot, peerKey, `${rig.address}:443`])) }
}

export const startProxyChain: Start = async (rig) => {
  const name = 'proxy-chain'
  if (!isInstalled('proxy-chain')) return { name, why: LEFT_OUT }
  return { name, ...(await startScript(rig, 'peers/proxy-chain.ts', [])) }
}

/** mitmdump, the console-less mitmproxy. */
export const startMitmproxy: Start = async (rig) => {
  const name = 'mitmproxy'
  if (!existsSync('/usr/bin/mitmdump')) return { name, why: 'mitmproxy is not installed' }
  const port = await freePort()
  const addon = join(rig.dir, 'addon.py')
  writeFileSync(addon, `def server_connect(data):\n    data.server.address = ("${rig.address}", 443)\n`)
  const set = (option: string): string[] => ['--set', option]
  const args = ['-q', '-s', addon, '--listen-host', '127.0.0.1', '-p', String(port)]
  const options = [...set(`confdir=${rig.dir}/mitm`), ...set('ssl_insecure=true'), ...set('connection_strategy=lazy')]
  const child = await startChild('/usr/bin/mitmdump', [...args, ...options], {
    cwd: rig.dir,
    isReady: () => isListening('127.0.0.1', port),
  })
  return { name, child: rig.add(child), port }
}

/** Start all; those that are missing are named, not failed. */
export async function startAll(
  rig: Rig,
  starts: readonly Start[],
): Promise<{ readonly contenders: readonly Contender[]; readonly missing: readonly Missing[] }> {
  const contenders: Contender[] = []
  const missing: Missing[] = []
  for (const start of starts) {
    const started = await start(rig)
    if ('why' in started) missing.push(started)
    else contenders.push(started)
  }
  return { contenders, missing }
}

export const missingText = (missing: readonly Missing[]): string =>
  missing.length === 0 ? '' : `\nLeft out: ${missing.map(({ name, why }) => `${name} (${why})`).join(', ')}.\n`
