/** AI inside protocols that are not its own: JSON-RPC (MCP, agents asking agents) and GraphQL. */
import type { Sign } from '../domain/sighting.ts'
import type { JsonOutline } from '../wire/json-outline.ts'
import { isSureModelName } from './model-names.ts'

const ROLES: ReadonlySet<string> = new Set(['user', 'assistant', 'system', 'developer', 'tool', 'model', 'function'])
/** Roles that chats among people do not have, `user` aside. */
export const isRole = (role: string | null): boolean => role !== null && ROLES.has(role)

/** Methods of the Model Context Protocol (specification 2025-06-18, "Base protocol" and "Server features"). */
const MCP_METHODS =
  /^(?:tools\/(?:call|list)|resources\/(?:read|list|subscribe|templates\/list)|prompts\/(?:get|list)|sampling\/createMessage|completion\/complete|notifications\/(?:initialized|roots\/list_changed))$/u

/** Methods of Agent2Agent (A2A 0.2, section 7). */
const AGENT_METHODS = /^(?:message\/(?:send|stream)|tasks\/(?:send|sendSubscribe))$/u

/** JSON-RPC whose method only AI has; `null`: any other. */
export function rpcSign(outline: JsonOutline): Sign | null {
  const method = outline.get('method')?.text ?? ''
  const isHello = method === 'initialize' && outline.has('params.protocolVersion') && outline.has('params.clientInfo')
  if (isHello || MCP_METHODS.test(method)) return { name: 'body:mcp', points: 60, dialect: 'mcp' }
  const isAgent = AGENT_METHODS.test(method) && outline.has('params.message.parts')
  return isAgent ? { name: 'body:agent', points: 60, dialect: 'generic' } : null
}

/** Below `prefix` both a conversation with roles and a model that is nothing else; one of them may be anybody's. */
export function nestedSign(outline: JsonOutline, prefix: string): Sign | null {
  let hasRole = false
  let hasModel = false
  for (const [path, { text }] of outline) {
    if (text === null || !path.startsWith(prefix)) continue
    if (path.endsWith('messages[].role')) hasRole ||= isRole(text)
    if (path.endsWith('.model')) hasModel ||= isSureModelName(text)
  }
  return hasRole && hasModel ? { name: 'body:nested', points: 60, dialect: 'generic' } : null
}
