/** What `weir redact` tells of findings: where, how often, as what they would leave, and which of them IT has allowed. */
import type { Action } from '../domain/action.ts'
import type { Finding, FindingCount, Severity } from '../domain/finding.ts'

export interface ShownFinding extends FindingCount {
  readonly action: Action
  readonly isEditable: boolean
  /** On the allowlist: the proxy takes it for no finding. */
  readonly isAllowed: boolean
  /** What would stand there, and what the allowlist knows the values by; each once. */
  readonly placeholders: readonly string[]
}

export interface ShowOptions {
  readonly actionOf: (severity: Severity) => Action
  readonly onUneditable: Action
  readonly markOf: (finding: Finding) => string
  readonly isAllowed: (finding: Finding) => boolean
}

/** Findings of the same kind and place are one line; those that can be edited come first. */
export function shownFindings(findings: readonly Finding[], options: ShowOptions): ShownFinding[] {
  const shown = new Map<string, ShownFinding>()
  for (const finding of findings) {
    const { detector, severity, field, isEditable } = finding
    const isAllowed = options.isAllowed(finding)
    const key = JSON.stringify([detector, severity, field, isEditable, isAllowed])
    const { count = 0, placeholders = [] } = shown.get(key) ?? {}
    shown.set(key, {
      detector,
      severity,
      field,
      count: count + 1,
      action: isAllowed ? 'allow' : actionOn(finding, options),
      isEditable,
      isAllowed,
      placeholders: [...new Set([...placeholders, options.markOf(finding)])],
    })
  }
  return [...shown.values()].toSorted((a, b) => Number(b.isEditable) - Number(a.isEditable))
}

function actionOn({ severity, isEditable }: Finding, { actionOf, onUneditable }: ShowOptions): Action {
  const action = actionOf(severity)
  return action === 'redact' && !isEditable ? onUneditable : action
}

/** One line for a person. */
export function findingLine(shown: ShownFinding): string {
  const { severity, detector, field, count, action, isEditable, isAllowed, placeholders } = shown
  const why = isAllowed ? ', it is on the allowlist' : isEditable ? '' : ', because nothing can be edited there'
  return `${severity} ${detector} ${field === '' ? '-' : field} ×${count}: ${action}${why} (${placeholders.join(' ')})\n`
}
