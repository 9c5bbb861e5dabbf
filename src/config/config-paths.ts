/** Which config values are paths, and from where relative ones count. */
import { isAbsolute, resolve } from 'node:path'

/** Plain values of a configuration, as parsed. */
export type Tree = Record<string, unknown>

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Leaves that name files and folders; relative ones are resolved. `*`: each item of a list. */
const PATH_LEAVES: readonly (readonly string[])[] = [
  ['certs', 'dir'],
  ['certs', 'chain'],
  ['certs', 'key'],
  ['certs', 'pkcs12'],
  ['certs', 'passphraseFile'],
  ['proxy', 'tls', 'chain'],
  ['proxy', 'tls', 'key'],
  ['proxy', 'tls', 'passphraseFile'],
  ['proxy', 'tls', 'clientCa'],
  ['proxy', 'tls', 'clientCrl'],
  ['admin', 'tls', 'chain'],
  ['admin', 'tls', 'key'],
  ['admin', 'tls', 'passphraseFile'],
  ['rules', 'dir'],
  ['data', 'dir'],
  ['identity', 'map'],
  ['identity', 'negotiate', 'keytab'],
  ['identity', 'ldap', 'bindPasswordFile'],
  ['identity', 'ldap', 'caFile'],
  ['inspect', 'keyFile'],
  ['upstream', 'extraRoots'],
  ['audit', 'privacyKey'],
  ['audit', 'anchor', 'dir'],
  ['audit', 'reportFont'],
  ['audit', 'sinks', '*', 'caFile'],
  ['audit', 'sinks', '*', 'certFile'],
  ['audit', 'sinks', '*', 'keyFile'],
  ['audit', 'sinks', '*', 'tokenFile'],
  ['audit', 'sinks', '*', 'secretFile'],
  ['audit', 'sinks', '*', 'file'],
]

/** Make every path leaf absolute from a folder; what is no text stays for the schema to refuse. */
export function absolutePaths(tree: Tree, folder: string): void {
  for (const path of PATH_LEAVES) {
    const key = path.at(-1) ?? ''
    for (const parent of parentsOf(tree, path.slice(0, -1))) {
      if (parent[key] !== undefined) parent[key] = absolute(parent[key], folder)
    }
  }
}

function parentsOf(tree: Tree, path: readonly string[]): Tree[] {
  let found: unknown[] = [tree]
  for (const key of path) {
    found = found.flatMap((at) =>
      key === '*' ? (Array.isArray(at) ? (at as unknown[]) : []) : isTree(at) ? [at[key]] : [],
    )
  }
  return found.filter(isTree)
}

function absolute(value: unknown, folder: string): unknown {
  if (typeof value === 'string' && value !== '' && !isAbsolute(value)) return resolve(folder, value)
  return Array.isArray(value) ? value.map((item: unknown) => absolute(item, folder)) : value
}

/** A value of a flag or variable: paths count from the working folder. */
export const fromCwd = (path: readonly string[], value: unknown, cwd: string): unknown =>
  PATH_LEAVES.some((leaf) => leaf.join('.') === path.join('.')) ? absolute(value, cwd) : value
