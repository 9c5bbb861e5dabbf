/** The pages that need no token: probes, metrics, the PAC file and the root certificate. All are subject to the guard. */
import type { FastifyInstance } from 'fastify'
import { formatAuthority, parseAuthority } from '../domain/destination.ts'
import { renderPac } from './pac.ts'
import type { ControlPorts } from './ports.ts'
import { PROBLEM_TYPE, problemBody } from './problem.ts'

/** Prometheus text format. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** `::1:3128` as some write it; everything else as it is. */
const bracketed = (address: string): string => address.replace(/^([0-9a-f:]*:[0-9a-f:]*):(\d+)$/iu, '[$1]:$2')

/** A proxy that listens on all addresses is reached under the name that this page was asked for by. */
function reachableProxy(proxyAddress: string, hostHeader: string | undefined): string {
  const proxy = parseAuthority(bracketed(proxyAddress))
  const asked = parseAuthority(hostHeader ?? '')
  if (!proxy.ok || proxy.port === null) return proxyAddress
  const isWildcard = proxy.host === '0.0.0.0' || proxy.host === '::'
  return formatAuthority(isWildcard && asked.ok ? asked.host : proxy.host, proxy.port)
}

function addProbes(app: FastifyInstance, ports: ControlPorts): void {
  app.get('/livez', { schema: { hide: true } }, (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok'))
  app.get('/readyz', { schema: { hide: true } }, (_request, reply) => {
    const checks = ports.readiness.checks()
    const isDraining = ports.readiness.isDraining?.() ?? false
    const ready = !isDraining && Object.values(checks).every(Boolean)
    return reply.code(ready ? 200 : 503).send({ ready, checks })
  })
}

/** Add the open pages. */
export function addOpenPages(app: FastifyInstance, ports: ControlPorts): void {
  addProbes(app, ports)
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type(METRICS_TYPE).send(await ports.metrics.scrape()),
  )
  app.get('/proxy.pac', { schema: { hide: true } }, (request, reply) => {
    const proxyAddress = reachableProxy(ports.proxyAddress(), request.headers.host)
    const script = renderPac({ proxyAddress, hosts: ports.pacHosts() })
    return reply.type('application/x-ns-proxy-autoconfig').header('cache-control', 'no-cache').send(script)
  })
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
