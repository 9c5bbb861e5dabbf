import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { SyslogSettings } from '../../src/audit/sinks/settings.ts'
import { type AuditSinks, openSinks } from '../../src/audit/sinks/sinks.ts'
import { singleOutcome } from '../audit/events.ts'
import { type Filled, filled } from '../audit/filled.ts'
import { linesOf } from '../audit/lines.ts'
import { HOSTILE, syslogSettings } from '../audit/sinks/world.ts'
import { makeClientPki } from '../helpers/client-pki.ts'
import { type Daemon, freePort, skipWithoutDebian, startDaemon, until } from '../helpers/debian.ts'

const COUNT = 10_000

interface Rsyslog {
  readonly port: number
  /** Messages in the file, as they came. */
  readonly messages: () => string[]
  readonly start: () => Promise<Daemon>
}

/** Writes what it has read before it reads on; each message between line breaks, so that a kill tears only one. */
async function rsyslog(
  t: Test,
  tls: { readonly ca: string; readonly cert: string; readonly key: string } | null = null,
): Promise<Rsyslog> {
  const dir = mkdtempSync(join(tmpdir(), 'weir-rsyslog-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const port = await freePort()
  const out = join(dir, 'out')
  const driver =
    tls === null
      ? ''
      : `DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="${tls.ca}" DefaultNetstreamDriverCertFile="${tls.cert}" DefaultNetstreamDriverKeyFile="${tls.key}"`
  const stream = tls === null ? '' : 'StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon"'
  writeFileSync(
    join(dir, 'conf'),
    `global(workDirectory="${dir}" maxMessageSize="256k" ${driver})
main_queue(queue.type="Direct")
module(load="imtcp" MaxSessions="50" ${stream})
template(name="raw" type="string" string="\\n%structured-data% %syslogfacility-text%.%syslogseverity-text% %msg%\\n")
input(type="imtcp" port="${port}" address="127.0.0.1")
if $app-name == "weir" then action(type="omfile" file="${out}" template="raw" asyncWriting="off" flushOnTXEnd="on")
`,
  )
  return {
    port,
    messages: () =>
      existsSync(out)
        ? readFileSync(out, 'utf8')
            .split('\n')
            .filter((line) => line.endsWith('}'))
        : [],
    start: () => startDaemon(t, { name: 'rsyslogd', args: ['-n', '-f', join(dir, 'conf'), '-i', 'NONE'], port }),
  }
}

function sendTo(t: Test, at: Filled, settings: SyslogSettings): AuditSinks {
  const sinks = openSinks({
    dir: at.dir,
    folder: join(at.data, 'sinks'),
    sinks: [settings],
    stream: 'n1-w0',
    durableSeq: at.spool.lastSeq(),
  })
  t.teardown(() => sinks.close())
  return sinks
}

const idOf = (text: string): string => /\[weir@32473 id="([^"]+)"\]/u.exec(text)?.[1] ?? ''

t.test(
  '10,000 events reach rsyslog in order although it was dead at first and is killed on the way',
  { skip: skipWithoutDebian('rsyslogd') },
  async (t) => {
    const at = await filled(t, [], 1_000_000)
    await Promise.all(Array.from({ length: COUNT }, () => at.spool.append(singleOutcome())))
    const peer = await rsyslog(t)
    const sinks = sendTo(t, at, syslogSettings(peer.port, { batchEvents: 200 }))
    await until(() => sinks.status()[0]?.failure !== null && sinks.status().length === 1)
    for (const share of [0.1, 0.5]) {
      const daemon = await peer.start()
      await until(() => peer.messages().length > COUNT * share)
      await daemon.stop() // SIGKILL
    }
    await peer.start()
    await until(() => sinks.status()[0]?.delivered === COUNT)
    const ids = peer.messages().map(idOf)
    const wanted = linesOf(at.dir).map(({ id }) => id)
    t.ok([...new Set(ids)].join() === wanted.join(), 'each once its duplicates are left out, in order')
    t.ok(ids.length - COUNT < 1000, `${ids.length - COUNT} came twice`)
    t.match(peer.messages()[0], /local|audit|13/u)
  },
)

t.test(
  'TLS to rsyslog: only with the right root, and hostile text arrives as one inert message',
  { skip: skipWithoutDebian('rsyslogd') },
  async (t) => {
    const at = await filled(t)
    await at.write(singleOutcome({ path: `/${HOSTILE}`, model: HOSTILE, toolVersion: HOSTILE }), singleOutcome())
    const pki = makeClientPki(t)
    const peer = await rsyslog(t, { ca: pki.server.cert, ...pki.server })
    await peer.start()
    const settings = syslogSettings(peer.port, { host: 'localhost', tls: true })
    const distrusting = sendTo(t, at, settings)
    await until(() => /certificate/iu.test(distrusting.status()[0]?.failure?.why ?? ''))
    await distrusting.close()
    t.strictSame(peer.messages(), [])
    const sinks = sendTo(t, at, { ...settings, caFile: pki.server.cert })
    await until(() => sinks.status()[0]?.delivered === 2)
    const messages = peer.messages()
    t.strictSame(
      messages.map(idOf),
      linesOf(at.dir).map(({ id }) => id),
    )
    const record = JSON.parse(messages[0]?.slice(messages[0].indexOf('{')) ?? '') as { path: string }
    t.match(record.path, '=cmd')
    t.notMatch(messages.join(''), /[\u0000-\u001f\u007f-\u009f\u202e\u2028]/u)
  },
)
