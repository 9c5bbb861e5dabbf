/** Asks who a request to the proxy is from, before anything else is done with it. Requests inside a tunnel are known by it. */
import type { Socket } from 'node:net'
import { canonicalHost } from '../domain/destination.ts'
import type { RawHeaders } from '../domain/headers.ts'
import type { Admitted, Identified } from '../domain/identity.ts'
import type { LocalAnswer } from '../domain/notice.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import { answerFailure, asProxyError } from '../flow/failure.ts'
import { recordUnidentified } from '../flow/unidentified.ts'
import type { ConnectionContext } from './connection-context.ts'
import type { EdgePorts } from './ports.ts'

export interface AdmissionInput {
  readonly context: ConnectionContext
  readonly headers: RawHeaders
  /** Where the request is to go; `null` when that cannot be told. */
  readonly destination: { readonly host: string; readonly port: number } | null
  /** Our own end of the connection, for the record. */
  readonly own: Pick<Socket, 'localAddress' | 'localPort'>
}

/** One of them is called, once. */
export interface AdmissionOutcome {
  readonly admit: (admitted: Admitted) => void
  /** Say this instead: 407 with challenges, 429, 503. */
  readonly refuse: (answer: LocalAnswer) => void
  /** What let the connection in was taken back: close it, so that its client has to say anew who it is. */
  readonly cut: () => void
}

/** Synchronous where nothing has to be waited for. */
export function admitRequest(ports: EdgePorts, input: AdmissionInput, outcome: AdmissionOutcome): void {
  const { client, facts, stillHolds } = input.context
  if (facts === undefined) {
    if (stillHolds?.() === false) outcome.cut()
    else outcome.admit({ client, ...(stillHolds === undefined ? {} : { stillHolds }) })
    return
  }
  const settle = (identified: Identified): void => {
    if (identified.ok) outcome.admit(identified)
    else outcome.refuse(refusal(ports, input, identified))
  }
  const identified = ports.identity.identify(facts, { headers: input.headers })
  if (!(identified instanceof Promise)) settle(identified)
  else {
    identified.then(settle, (thrown: unknown) => {
      ports.flow.log.error({ err: thrown }, 'edge.identity-fault')
      settle({ ok: false, client, error: asProxyError(thrown), challenges: [] })
    })
  }
}

function refusal(ports: EdgePorts, input: AdmissionInput, refused: Extract<Identified, { ok: false }>): LocalAnswer {
  const { client, error, challenges } = refused
  const flow = ports.flow.newId()
  ports.flow.metrics.count('weir_errors_total', { code: error.code, side: error.side })
  const { localAddress, localPort } = input.own
  recordUnidentified(ports.flow, ports.refusals, {
    flow,
    client,
    error,
    destination: input.destination,
    own: { host: canonicalHost(localAddress ?? '') ?? '', port: localPort ?? 0 },
  })
  const answer = answerFailure(error, flow) ?? answerFailure(new ProxyError('internal'), flow)
  if (answer === null) throw new Error('every refusal of an identity has an answer')
  return { ...answer, headers: [...answer.headers, ...challenges.flatMap((value) => ['proxy-authenticate', value])] }
}
