/** The admin token: 256 random bits in a file of mode 0600, made on first start. Only its hash stays in memory. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { chmod, link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A token that the admin API accepts; the audit trail calls its holder `token:<name>`. */
export interface AdminToken {
  readonly name: string
  /** SHA-256 of the token's text. */
  readonly sha256: Uint8Array
}

export type AdminTokenResult =
  | {
      readonly ok: true
      readonly token: AdminToken
      readonly path: string
      /** Made by this call. */
      readonly isNew: boolean
      /** Others could read the file; its mode was set back to 0600. The token should be replaced. */
      readonly wasReadableByOthers: boolean
    }
  | { readonly ok: false; readonly path: string; readonly problem: string }

const TOKEN_BYTES = 32
/** base64url and hex alphabets; 32 characters of the poorer one are 128 bits. */
const TOKEN_SHAPE = /^[\w.~+/=-]{32,512}$/u

const sha256 = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest()

/** A token by its text. */
export const adminToken = (name: string, text: string): AdminToken => ({ name, sha256: sha256(text) })

/** The token that `text` is, in a time that does not depend on where it differs; `null` when it is none. */
export function findToken(tokens: readonly AdminToken[], text: string): AdminToken | null {
  const given = sha256(text)
  let found: AdminToken | null = null
  for (const token of tokens) if (timingSafeEqual(given, token.sha256)) found = token
  return found
}

/** Read the token file, or make it (and its folder) when it does not exist yet. File errors come back as a problem. */
export async function loadOrCreateAdminToken(path: string): Promise<AdminTokenResult> {
  try {
    const isNew = await createIfMissing(path)
    const wasReadableByOthers = await closeToOthers(path)
    const text = (await readFile(path, 'utf8')).trim()
    if (!TOKEN_SHAPE.test(text)) {
      return { ok: false, path, problem: 'the file holds no token of 32 to 512 characters: delete it to get a new one' }
    }
    return { ok: true, token: adminToken('admin', text), path, isNew, wasReadableByOthers }
  } catch (error) {
    const code = (error as { readonly code?: unknown }).code
    return { ok: false, path, problem: `the token file cannot be read or made: ${String(code ?? error)}` }
  }
}

/** Written aside and linked into place, so that two starts at once agree and a crash leaves no half token. */
async function createIfMissing(path: string): Promise<boolean> {
  if (await exists(path)) return false
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(aside, 'wx', 0o600)
  try {
    await file.writeFile(`${randomBytes(TOKEN_BYTES).toString('base64url')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(aside, path)
    return true
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(aside, { force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return false
    throw error
  }
}

async function closeToOthers(path: string): Promise<boolean> {
  const { mode } = await stat(path)
  if ((mode & 0o077) === 0) return false
  await chmod(path, 0o600)
  return true
}
