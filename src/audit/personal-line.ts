/** The personal line beside a chained one: who it was, salted, in a file of its own so that it can be erased. */
import { randomBytes } from 'node:crypto'
import type { Client } from '../domain/client.ts'
import { cap, MAX_ITEMS, nullableText, tailOf } from './line-text.ts'

const SALT_BYTES = 16

/** Makes personal lines (without newline) for a record id and its client. */
export function createPersonalLines(): (id: string, client: Client) => string {
  const nextSalt = createSalts()
  // A connection hands in the same client object with each of its requests.
  const known = new WeakMap<Client, string>()
  return (id, client) => {
    let said = known.get(client)
    if (said === undefined) {
      said = clientText(client)
      known.set(client, said)
    }
    return `{"v":1,"id":${JSON.stringify(id)},"salt":"${nextSalt()}"${said}`
  }
}

const clientText = (client: Client): string =>
  tailOf({
    addr: cap(client.address),
    user: nullableText(client.user),
    groups: client.groups.slice(0, MAX_ITEMS).map(cap),
    device: nullableText(client.device),
    network: nullableText(client.network),
  })

/** Fresh random text per line: it keeps a digest from being tried out against a list of names. */
function createSalts(): () => string {
  let pool = Buffer.alloc(0)
  let used = 0
  return () => {
    if (used + SALT_BYTES > pool.length) {
      // Drawn in bulk: one system call per event would cost more than the rest of the line.
      pool = randomBytes(SALT_BYTES * 256)
      used = 0
    }
    used += SALT_BYTES
    return pool.toString('base64url', used - SALT_BYTES, used)
  }
}
