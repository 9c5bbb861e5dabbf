/** Auditors' keys for tests, both halves. */
import {
  type AuditorKey,
  makeAuditorPair,
  readAuditorKey,
  readAuditorPrivateKey,
} from '../../../src/audit/sealed/auditor-key.ts'

export interface Auditor {
  readonly publicKey: AuditorKey
  readonly privateKey: AuditorKey
  readonly publicText: string
  readonly privateText: string
}

export const makeAuditors = (...names: string[]): Promise<Auditor[]> =>
  Promise.all(
    names.map(async (name) => {
      const pair = await makeAuditorPair(name)
      const publicText = JSON.stringify(pair.publicJwk)
      const privateText = JSON.stringify(pair.privateJwk)
      const keys = { publicKey: await readAuditorKey(publicText), privateKey: await readAuditorPrivateKey(privateText) }
      return { ...keys, publicText, privateText }
    }),
  )
