/** DNS over HTTPS as it looks in traffic that is read (RFC 8484 section 4.1), on hosts that are no AI hosts. Pure. */
import type { ExchangeDecision } from '../domain/decision.ts'
import { headerValues } from '../domain/headers.ts'
import type { RequestHead } from '../domain/tool.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import { compilePathPattern } from './path-pattern.ts'

/** The path of the RFC's own example, which resolvers use; some have a name before or behind it. */
const PATHS = ['/dns-query', '/dns-query/**', '/*/dns-query'].map(compilePathPattern)
const MEDIA_TYPE = /^\s*application\/(?:dns-message|dns-json|oblivious-dns-message)\b/iu

/** Is this a question to a resolver? By its media type, or by the path that nobody else uses. */
export function isDohRequest({ method, path, headers }: RequestHead): boolean {
  const asks = method === 'GET' || method === 'POST' || method === 'HEAD'
  if (asks && PATHS.some((test) => test(path))) return true
  const types = [...headerValues(headers, 'content-type'), ...headerValues(headers, 'accept')]
  return types.some((value) => value.split(',').some((type) => MEDIA_TYPE.test(type)))
}

/** Lay `evasion.doh` over a decision that would pass unseen; `null` where it changes nothing. */
export function decideDoh(
  policy: CompiledPolicy,
  head: RequestHead,
  unseen: ExchangeDecision,
): ExchangeDecision | null {
  const answer = policy.evasion.doh
  if (answer === 'allow' || !isDohRequest(head)) return null
  const wanted = answer === 'refuse' ? 'block' : 'allow'
  const action = policy.mode === 'observe' ? 'allow' : wanted
  const rule = 'evasion:doh'
  return {
    ...unseen,
    action,
    would: action === wanted ? null : wanted,
    evidence: ['shape:doh'],
    reason: 'doh',
    rule,
    isRecorded: true,
    steps: [{ step: 'evasion', rule, matched: true, why: `DNS over HTTPS: ${answer}` }],
  }
}
