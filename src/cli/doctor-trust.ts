/**
 * Does Node, curl, OpenSSL, Python and git on this machine trust our CA? Each is run, as configured here, against a
 * loopback TLS server whose certificate Weir's CA has just made. Nothing leaves the machine.
 */
import { spawn } from 'node:child_process'
import { type AddressInfo, createServer } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { Authority } from '../ca/authority.ts'
import type { Env, Finding } from './doctor-finding.ts'
import { findCommand } from './doctor-tools.ts'

const TOOL_TIMEOUT_MS = 20_000
const MAX_OUTPUT = 4000

const NODE_SCRIPT = `
const s = require('tls').connect({ host: '127.0.0.1', port: +process.argv[1], servername: process.argv[2] })
s.on('secureConnect', () => { console.log('TRUSTED'); s.destroy() })
s.on('error', (e) => { console.log('REFUSED ' + (e.code || e.message)) })`

const PYTHON_CONNECT = `
import os, socket, ssl, sys
port, name = int(sys.argv[1]), sys.argv[2]
def visit(cafile):
    try:
        context = ssl.create_default_context(cafile=cafile)
        with socket.create_connection(("127.0.0.1", port), 10) as raw, context.wrap_socket(raw, server_hostname=name): pass
        print("TRUSTED")
    except Exception as error:
        print("REFUSED " + type(error).__name__)
`
const PYTHON_SCRIPT = `${PYTHON_CONNECT}
visit(None)`
const REQUESTS_SCRIPT = `${PYTHON_CONNECT}
cafile = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
if not cafile:
    try:
        import certifi
        cafile = certifi.where()
    except ImportError:
        print("ABSENT")
        sys.exit()
visit(cafile)`

interface Probe {
  readonly name: string
  readonly command: string
  readonly args: (port: number, host: string) => readonly string[]
  readonly verdict: (result: ToolRun) => Verdict
  readonly fix: (root: string, bundle: string) => readonly string[]
}

type Verdict =
  | { readonly kind: 'trusted' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly why: string }

interface ToolRun {
  readonly code: number | null
  readonly output: string
}

const TRUSTED: Verdict = { kind: 'trusted' }

function scriptVerdict({ output }: ToolRun): Verdict {
  if (output.includes('TRUSTED')) return TRUSTED
  if (output.includes('ABSENT')) return { kind: 'absent' }
  return { kind: 'refused', why: /REFUSED (\S+)/u.exec(output)?.[1] ?? 'it did not run' }
}

/** curl's exit codes: 60 is a refused certificate, 77 a CA file that cannot be read. */
function curlVerdict({ code }: ToolRun): Verdict {
  if (code === 0) return TRUSTED
  if (code === 60) return { kind: 'refused', why: 'certificate problem' }
  return { kind: 'refused', why: code === 77 ? 'its CA file cannot be read' : `exit code ${code ?? 'none'}` }
}

/** git is given no repository: any complaint but one about the certificate comes after trust. */
function gitVerdict({ output }: ToolRun): Verdict {
  if (/certificate|CAfile|ssl/iu.test(output)) return { kind: 'refused', why: 'certificate problem' }
  return /not found|not valid|repository|Not Found|404|empty/iu.test(output)
    ? TRUSTED
    : { kind: 'refused', why: 'it did not connect' }
}

const PROBES: readonly Probe[] = [
  {
    name: 'Node',
    command: 'node',
    args: (port, host) => ['-e', NODE_SCRIPT, String(port), host],
    verdict: scriptVerdict,
    fix: (root) => [`export NODE_EXTRA_CA_CERTS=${root}`],
  },
  {
    name: 'curl',
    command: 'curl',
    args: (port, host) => [
      '-sS',
      '--noproxy',
      '*',
      '--resolve',
      `${host}:${port}:127.0.0.1`,
      `https://${host}:${port}/`,
    ],
    verdict: curlVerdict,
    fix: (_root, bundle) => [`export CURL_CA_BUNDLE=${bundle}`],
  },
  {
    name: 'OpenSSL',
    command: 'openssl',
    args: (port, host) => [
      ...['s_client', '-brief', '-connect', `127.0.0.1:${port}`, '-servername', host],
      ...['-verify_hostname', host, '-verify_return_error'],
    ],
    verdict: ({ output }) =>
      output.includes('Verification: OK') ? TRUSTED : { kind: 'refused', why: 'certificate problem' },
    fix: (_root, bundle) => [`export SSL_CERT_FILE=${bundle}`],
  },
  {
    name: 'Python',
    command: 'python3',
    args: (port, host) => ['-c', PYTHON_SCRIPT, String(port), host],
    verdict: scriptVerdict,
    fix: (_root, bundle) => [`export SSL_CERT_FILE=${bundle}`],
  },
  {
    name: 'Python requests',
    command: 'python3',
    args: (port, host) => ['-c', REQUESTS_SCRIPT, String(port), host],
    verdict: scriptVerdict,
    fix: (_root, bundle) => [`export REQUESTS_CA_BUNDLE=${bundle}`],
  },
  {
    name: 'git',
    command: 'git',
    args: (port, host) => [
      ...['-c', 'http.proxy=', '-c', `http.curloptResolve=${host}:${port}:127.0.0.1`],
      ...['ls-remote', `https://${host}:${port}/doctor.git`],
    ],
    verdict: gitVerdict,
    // The variable, because it goes before `http.sslCAInfo`.
    fix: (_root, bundle) => [`export GIT_SSL_CAINFO=${bundle}`],
  },
]

/** Run a tool as this machine has it configured; only proxies are taken away, because the server is on loopback. */
function runTool(file: string, args: readonly string[], env: Env, cwd: string): Promise<ToolRun> {
  return new Promise((resolve) => {
    const environment = { ...env, NO_PROXY: '*', no_proxy: '*', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' }
    const child = spawn(file, [...args], {
      cwd,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TOOL_TIMEOUT_MS,
    })
    let output = ''
    const collect = (bytes: Buffer): void => {
      if (output.length < MAX_OUTPUT) output += bytes.toString('utf8')
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => resolve({ code: null, output: error.message }))
    child.on('close', (code) => resolve({ code, output }))
  })
}

interface Server {
  readonly port: number
  readonly close: () => void
}

/** TLS on a loopback port with one certificate; answers every request 404. */
function listen(context: SecureContext): Promise<Server> {
  const sockets = new Set<TLSSocket>()
  const server = createServer((raw) => {
    raw.on('error', () => undefined)
    const socket = new TLSSocket(raw, { isServer: true, secureContext: context })
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'))
  })
  const close = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => resolve({ port: (server.address() as AddressInfo).port, close }))
  })
}

export interface TrustInput {
  readonly authority: Authority
  /** A host that the CA may speak for; it is never contacted. */
  readonly host: string
  readonly env: Env
  readonly cwd: string
}

const BUNDLE = 'weir-bundle.pem'
const EXPORTED_ROOT = 'weir-root.pem'

/** The file to give to a tool: a company's chain file holds more than the root, so that is exported first. */
const rootFile = (authority: Authority): string => (authority.isOwnRoot() ? authority.file() : `$PWD/${EXPORTED_ROOT}`)

async function probe(one: Probe, input: TrustInput, server: Server): Promise<Finding[]> {
  const file = findCommand(one.command, input.env)
  if (file === null) return []
  const run = await runTool(file, one.args(server.port, input.host), input.env, input.cwd)
  const verdict = one.verdict(run)
  const base = { area: 'trust', name: one.name } as const
  switch (verdict.kind) {
    case 'trusted':
      return [{ ...base, status: 'ok', message: `trusts the CA (${file})`, fix: [] }]
    case 'absent':
      return []
    case 'refused': {
      const message = `does not trust the CA: ${verdict.why} (${file})`
      return [{ ...base, status: 'bad', message, fix: one.fix(rootFile(input.authority), `$PWD/${BUNDLE}`) }]
    }
  }
}

/** How this system learns a root, for the browsers and tools that ask it. */
export function systemTrustCommands(platform: NodeJS.Platform, root: string): readonly string[] {
  if (platform === 'darwin') {
    return [`sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${root}`]
  }
  if (platform === 'win32') return [`certutil -addstore -f Root ${root}`]
  return [`sudo cp ${root} /usr/local/share/ca-certificates/weir.crt && sudo update-ca-certificates`]
}

/** One finding for each tool that is installed; a first one with the commands that help them all where any distrusts. */
export async function checkTrust(input: TrustInput): Promise<Finding[]> {
  const { authority, host } = input
  const refusal = authority.refusalFor(host)
  if (refusal !== null) return [{ area: 'trust', name: 'CA', status: 'bad', message: refusal, fix: [] }]
  const server = await listen(await authority.contextFor(host))
  try {
    const found = (await Promise.all(PROBES.map((one) => probe(one, input, server)))).flat()
    if (found.every(({ status }) => status === 'ok')) return found
    const fix = [
      `weir ca export --bundle --out ${BUNDLE}`,
      ...(authority.isOwnRoot() ? [] : [`weir ca export --out ${EXPORTED_ROOT}`]),
      ...systemTrustCommands(process.platform, rootFile(authority)),
    ]
    const name = `CA ${authority.fingerprint256().slice(0, 11)}…`
    return [
      { area: 'trust', name, status: 'warn', message: `${authority.file()} is not trusted by every tool here`, fix },
      ...found,
    ]
  } finally {
    server.close()
  }
}
