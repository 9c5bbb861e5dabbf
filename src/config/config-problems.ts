/** Problems of the configuration: each with the line, variable or flag its value came from. Values are never shown: some are secret. */
import type { z } from 'zod'
import type { Problem } from '../domain/settings.ts'
import type { EnvValue } from './env.ts'
import type { WeirConfig } from './schema.ts'
import type { YamlSource } from './yaml-file.ts'

/** Where values came from. */
export interface Origins {
  readonly source: YamlSource | null
  readonly shown: string
  readonly overlays: readonly EnvValue[]
}

export const problemOf = (
  file: string,
  line: number | null,
  path: string,
  message: string,
  severity: Problem['severity'] = 'error',
): Problem => ({ file, line, path, message, severity })

/** Every issue of the schema, unknown keys one by one. */
export function schemaProblems(error: z.ZodError, origins: Origins): Problem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) =>
        located([...issue.path, key], `unknown key \`${key}\`: remove it or correct its name`, origins),
      )
    return [located(issue.path, lowerFirst(issue.message), origins)]
  })
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

function located(keys: readonly PropertyKey[], message: string, { source, shown, overlays }: Origins): Problem {
  const path = keys
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./u, '')
  const overlay = overlays.findLast((each) => each.path.every((key, index) => keys[index] === key))
  if (overlay === undefined) return problemOf(shown, source?.lineAt(keys) ?? null, path, message)
  const origin = overlay.name.startsWith('WEIR_') ? `environment ${overlay.name}` : `flag ${overlay.name}`
  return problemOf(origin, null, path, message)
}

/** What no single value can tell. */
export function crossChecks(config: WeirConfig, source: YamlSource | null, shown: string): Problem[] {
  const problems: Problem[] = []
  const at = (keys: readonly string[]): number | null => source?.lineAt(keys) ?? null
  const { certs, proxy, admin, notice } = config
  if (certs.pkcs12 !== null && (certs.chain !== null || certs.key !== null))
    problems.push(
      problemOf(shown, at(['certs', 'pkcs12']), 'certs.pkcs12', 'give either `pkcs12` or `chain` and `key`'),
    )
  if ((certs.chain === null) !== (certs.key === null))
    problems.push(problemOf(shown, at(['certs']), 'certs', '`chain` and `key` belong together'))
  if (notice.askUrl !== null && !notice.askUrl.includes('{event}'))
    problems.push(
      problemOf(
        shown,
        at(['notice', 'askUrl']),
        'notice.askUrl',
        'has no `{event}`: the event id will be missing',
        'warning',
      ),
    )
  const isOpen = proxy.listen.some((each) => !/^(?:127\.|\[::1\]|localhost)/u.test(each))
  if (isOpen && proxy.networks.every((network) => /^(?:127\.|::1)/u.test(network)))
    problems.push(
      problemOf(
        shown,
        at(['proxy', 'networks']),
        'proxy.networks',
        'listens for the network, but only loopback clients are let in: add networks',
        'warning',
      ),
    )
  if (proxy.listen.includes(admin.listen) && !admin.listen.endsWith(':0'))
    problems.push(problemOf(shown, at(['admin', 'listen']), 'admin.listen', 'is also an address of the proxy'))
  for (const key of Object.keys(config.upstream.resolve))
    if (!/^[^\s:]+:\d{1,5}$|^\[[^\]]+\]:\d{1,5}$/u.test(key))
      problems.push(
        problemOf(
          shown,
          at(['upstream', 'resolve', key]),
          `upstream.resolve["${key}"]`,
          'write the pinned name as `host:port`',
        ),
      )
  return problems
}
