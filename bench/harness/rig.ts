/** What every bench needs: a scratch folder, a throw-away CA in files, an origin, and everything stopped at the end. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadSource } from '../../src/ca/authority.ts'
import { toPem } from '../../src/ca/certificate.ts'
import { makeLeafKey, mintLeaf } from '../../src/ca/leaf.ts'
import { CERT_FILE } from '../../src/ca/root.ts'
import { makeCa } from '../../test/ca/make-ca.ts'
import { isListening } from './client.ts'
import { type Child, startChild } from './process-tree.ts'

/** An AI host of the shipped catalogue: a marked vetted tool is allowed there, everybody else is logged. */
export const AI_HOST = 'dashscope.aliyuncs.com'
/** In no catalogue: tunnelled. */
export const OTHER_HOST = 'files.example'

/** PEM files. */
export interface Certificates {
  readonly originRoot: string
  readonly originLeaf: string
  readonly originKey: string
  /** The CA of the peers: RSA, which all of them take. */
  readonly peerRoot: string
  readonly peerKey: string
  readonly peerBoth: string
}

export interface Rig {
  readonly dir: string
  readonly certificates: Certificates
  /** An own loopback address, so that port 443 is free. */
  readonly address: string
  /** Stopped, last first, by `close`. */
  readonly add: <T extends { readonly stop: () => Promise<void> }>(what: T) => T
  readonly close: () => Promise<void>
}

export async function openRig(): Promise<Rig> {
  const dir = mkdtempSync(join(tmpdir(), 'weir-bench-'))
  // Squid gives up its rights and still has to write here.
  chmodSync(dir, 0o777)
  // Also when the run is interrupted.
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  const started: { readonly stop: () => Promise<void> }[] = []
  return {
    dir,
    certificates: await makeCertificates(dir),
    address: `127.83.${(process.pid >> 8) & 255}.${process.pid & 255 || 1}`,
    add: (what) => {
      started.push(what)
      return what
    },
    close: async () => {
      for (const what of started.toReversed()) await what.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function makeCertificates(dir: string): Promise<Certificates> {
  const chain = { chain: null, key: null, pkcs12: null, passphraseFile: null }
  const loaded = await loadSource({ ...chain, dir, leafDays: 30, nowMs: Date.now })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const key = makeLeafKey()
  const leaf = await mintLeaf(AI_HOST, { source: loaded.source, key, leafDays: 30, nowMs: Date.now() })
  const rsa = makeCa({ key: 'rsa', notBeforeMs: Date.now() - 1000, notAfterMs: Date.now() + 86_400_000 })
  const file = (name: string, text: string): string => {
    const path = join(dir, name)
    writeFileSync(path, text)
    return path
  }
  return {
    originRoot: join(dir, CERT_FILE),
    originLeaf: file('leaf.pem', toPem(leaf.der)),
    originKey: file('leaf.key', key.privatePem),
    peerRoot: file('peer.pem', rsa.pem),
    peerKey: file('peer.key', rsa.keyPem),
    peerBoth: file('peer-both.pem', rsa.pem + rsa.keyPem),
  }
}

const ANSWER = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'qwen-plus',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
})

/** nginx with TLS on port 443 of the rig's own address; answers every request with a small chat completion. */
export async function startNginx(rig: Rig): Promise<void> {
  const { originLeaf, originKey } = rig.certificates
  const conf = join(rig.dir, 'nginx.conf')
  writeFileSync(
    conf,
    `daemon off; master_process off; worker_processes 1; pid ${rig.dir}/nginx.pid; error_log ${rig.dir}/nginx.log;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 3600s; client_body_buffer_size 64k;
  client_body_temp_path ${rig.dir}/b; proxy_temp_path ${rig.dir}/p; fastcgi_temp_path ${rig.dir}/f;
  uwsgi_temp_path ${rig.dir}/u; scgi_temp_path ${rig.dir}/s;
  server {
    listen ${rig.address}:443 ssl; server_name _; ssl_certificate ${originLeaf}; ssl_certificate_key ${originKey};
    # Read the request to its end before answering: Squid closes a connection that is answered early.
    location / { proxy_pass http://inner; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
  upstream inner { server unix:${rig.dir}/inner.sock; keepalive 512; keepalive_requests 100000000; }
  server {
    listen unix:${rig.dir}/inner.sock;
    location / { default_type application/json; return 200 '${ANSWER}'; }
  }
}
`,
  )
  rig.add(
    await startChild('nginx', ['-p', rig.dir, '-c', conf], {
      cwd: rig.dir,
      isReady: () => isListening(rig.address, 443),
    }),
  )
}

/** A script of this folder as a child process that prints its port. */
export async function startScript(
  rig: Rig,
  script: string,
  args: readonly string[],
): Promise<{ child: Child; port: number }> {
  const file = fileURLToPath(new URL(`../${script}`, import.meta.url))
  const child = await startChild(process.execPath, [file, ...args], {
    cwd: rig.dir,
    isReady: (output) => /^port \d+$/mu.test(output),
  })
  rig.add(child)
  return { child, port: Number(/^port (\d+)$/mu.exec(child.output())?.[1]) }
}
