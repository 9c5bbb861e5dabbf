/** What every request to the admin port must pass before a route sees it, and what every answer carries. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AllowedHosts } from './allowed-hosts.ts'
import type { Networks } from './networks.ts'
import { ApiProblem } from './problem.ts'

export interface GuardOptions {
  readonly networks: Networks
  /** Known only once the port is bound. */
  readonly hosts: () => AllowedHosts
}

/** Where browsers that look for a proxy by themselves ask, under the name `wpad` of their network. */
export const WPAD_PAGE = '/wpad.dat'

/** Nothing secret is on that page, so a foreign page that is rebound to this address may have it. */
const isWpad = (url: string, host: string | undefined): boolean =>
  url === WPAD_PAGE && /^wpad(?:\.[a-z0-9.-]+)?(?::\d{1,5})?$/iu.test(host ?? '')

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
}

/** Headers of every answer; a route may set another `cache-control`. */
export function setSecurityHeaders(reply: FastifyReply, isTls: boolean): void {
  reply.headers(SECURITY_HEADERS)
  if (isTls) reply.header('strict-transport-security', 'max-age=31536000')
}

const countHeader = (rawHeaders: readonly string[], name: string): number =>
  rawHeaders.filter((entry, index) => index % 2 === 0 && entry.toLowerCase() === name).length

/** Throws an `ApiProblem` for a client outside the networks (403) or a foreign Host (421). */
export function guardRequest(options: GuardOptions, request: FastifyRequest): void {
  const { socket, rawHeaders, headers, url } = request.raw
  if (!options.networks.includes(socket.remoteAddress ?? '')) {
    throw new ApiProblem(403, 'this network may not use the admin port: see `admin.networks`')
  }
  if (url?.startsWith('/') !== true) throw new ApiProblem(421, 'this is the admin port, not the proxy')
  const isOneHost = countHeader(rawHeaders, 'host') === 1
  const isServed = isWpad(url, headers.host) || options.hosts().includes(headers.host, socket.localAddress)
  if (!isOneHost || !isServed) {
    throw new ApiProblem(421, 'this Host is not served here: use the listen address, or set `admin.publicUrl`')
  }
}
