/**
 * How a sealed text is read: the *case* is what the proxy hands out for one exchange; each auditor opens his share of it
 * on his own machine and encrypts it to the reader of the case; the reader puts enough shares together.
 */
import type { JWK } from 'jose'
import { type AuditorKey, readAuditorKey } from './auditor-key.ts'
import { readContent } from './find-sealed.ts'
import { decryptWith, encryptTo, openContent, type SealedContent } from './seal-content.ts'

/** Passed on to the auditors; nothing in it can be read without them. */
export interface Case {
  readonly v: 1
  readonly flow: string
  readonly reason: string
  /** Public key of whoever will read it. */
  readonly reader: JWK
  readonly texts: readonly SealedContent[]
}

/** One auditor's answer to a case: his share of each text, for the reader only. */
export interface ShareFile {
  readonly v: 1
  readonly flow: string
  readonly kid: string
  readonly name: string
  readonly shares: readonly { readonly part: SealedContent['head']['part']; readonly jwe: string }[]
}

/** Throws with what is wrong. */
export function readCase(text: string): Case {
  const found = parse(text) as Partial<Case> | null
  if (found?.v !== 1 || typeof found.flow !== 'string' || !Array.isArray(found.texts) || found.reader === undefined) {
    throw new Error('is no case: `weir audit open EVENT` makes one')
  }
  return { ...(found as Case), texts: found.texts.map((content) => readContent(JSON.stringify(content))) }
}

/** Throws with what is wrong. */
export function readShareFile(text: string): ShareFile {
  const found = parse(text) as Partial<ShareFile> | null
  if (found?.v !== 1 || typeof found.kid !== 'string' || !Array.isArray(found.shares)) {
    throw new Error('is no share: an auditor makes one with `weir audit share CASE`')
  }
  return found as ShareFile
}

/** One auditor's part. Throws when none of the texts is sealed to his key. */
export async function shareCase(given: Case, auditor: AuditorKey): Promise<ShareFile> {
  const reader = await readAuditorKey(JSON.stringify(given.reader))
  const shares = given.texts.flatMap(({ head: { part }, shares: all }) => {
    const own = all.find(({ kid }) => kid === auditor.kid)
    return own === undefined ? [] : [{ part, jwe: own.jwe }]
  })
  if (shares.length === 0) throw new Error('nothing in this case is sealed to this key')
  const { kid, name } = auditor
  const answered = await Promise.all(
    shares.map(async ({ part, jwe }) => ({
      part,
      jwe: await encryptTo(await decryptWith(jwe, auditor.key), reader.key, reader.kid),
    })),
  )
  return { v: 1, flow: given.flow, kid, name, shares: answered }
}

export interface OpenedText {
  readonly head: SealedContent['head']
  readonly text: Uint8Array
}

/** The texts, with enough shares of different auditors. Throws when they are too few, or do not fit. */
export async function openCase(
  given: Case,
  reader: AuditorKey,
  shareFiles: readonly ShareFile[],
): Promise<OpenedText[]> {
  const byKid = new Map(shareFiles.filter(({ flow }) => flow === given.flow).map((file) => [file.kid, file]))
  return Promise.all(
    given.texts.map(async (content) => {
      const own = [...byKid.values()].flatMap(({ shares }) => shares.filter(({ part }) => part === content.head.part))
      const opened = await Promise.all(own.map(({ jwe }) => decryptWith(jwe, reader.key)))
      return { head: content.head, text: await openContent(content, opened) }
    }),
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
