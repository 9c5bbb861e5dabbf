/** The pages that need no token: probes, metrics, the PAC file and the root certificate. All are subject to the guard. */
import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseAuthority } from '../domain/destination.ts'
import { WPAD_PAGE } from './guard.ts'
import { renderPac } from './pac.ts'
import type { ControlPorts } from './ports.ts'
import { PROBLEM_TYPE, problemBody } from './problem.ts'

/** Prometheus text format. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const PAC_TYPE = 'application/x-ns-proxy-autoconfig'

/** Browsers ask again at every start and network change: they get the file only when it is another one. */
function sendPac(ports: ControlPorts, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const asked = parseAuthority(request.headers.host ?? '')
  const input = ports.pac(asked.ok ? asked.host : null)
  if (input.proxies.length === 0) {
    return reply.code(503).type(PROBLEM_TYPE).send(problemBody(503, 'there is no proxy address yet'))
  }
  const script = renderPac(input)
  const etag = `"${createHash('sha256').update(script).digest('hex').slice(0, 32)}"`
  reply.header('cache-control', 'no-cache').header('etag', etag).header('vary', 'host')
  const held = request.headers['if-none-match']?.split(',').map((each) => each.trim().replace(/^W\//u, '')) ?? []
  return held.includes(etag) ? reply.code(304).send() : reply.type(PAC_TYPE).send(script)
}

function addProbes(app: FastifyInstance, ports: ControlPorts): void {
  app.get('/livez', { schema: { hide: true } }, (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok'))
  app.get('/readyz', { schema: { hide: true } }, (_request, reply) => {
    const checks = ports.readiness.checks()
    const isDraining = ports.readiness.isDraining?.() ?? false
    const ready = !isDraining && Object.values(checks).every(Boolean)
    const details = ports.readiness.details?.() ?? {}
    const more = Object.keys(details).length === 0 ? {} : { details }
    const sinks = ports.readiness.sinks?.() ?? null
    return reply.code(ready ? 200 : 503).send({ ready, checks, ...more, ...(sinks === null ? {} : { sinks }) })
  })
}

/** Add the open pages. */
export function addOpenPages(app: FastifyInstance, ports: ControlPorts): void {
  addProbes(app, ports)
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type(METRICS_TYPE).send(await ports.metrics.scrape()),
  )
  for (const page of ['/proxy.pac', WPAD_PAGE]) {
    app.get(page, { schema: { hide: true } }, (request, reply) => sendPac(ports, request, reply))
  }
  app.get('/ca.pem', { schema: { hide: true } }, (_request, reply) => {
    const pem = certificatesOnly(ports.ca.rootPem())
    if (pem === '') return reply.code(503).type(PROBLEM_TYPE).send(problemBody(503, 'there is no root certificate yet'))
    return reply
      .type('application/x-pem-file')
      .header('content-disposition', 'attachment; filename="weir-ca.pem"')
      .header('cache-control', 'no-cache')
      .send(pem)
  })
}

/** INVARIANT: no private key leaves through this page, whatever the port hands over. */
function certificatesOnly(pem: string): string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/gu) ?? []
  return blocks.map((block) => `${block}\n`).join('')
}
