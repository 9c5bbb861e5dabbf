/**
 * What was done to Weir itself, as OCSF Entity Management (3004): acts of administrators and configurations that took
 * effect or were refused. Device Config State Change (5019) needs a device and a security level; a policy is an entity.
 */
import type { ExchangeRecord } from '../event-query.ts'
import { type Captioned, classified, metadata, type OcsfFields, occurred, SEVERITY, unmapped } from './ocsf-parts.ts'
import { textAt, valueAt } from './record-fields.ts'

const IAM: Captioned = [3, 'Identity & Access Management']
const ENTITY_CLASS: Captioned = [3004, 'Entity Management']
const PROFILES = ['record_integrity']

const POLICY_TYPE: Captioned = [5, 'Policy']

const COMMON = ['v', 'id', 'flow', 'stream', 'seq', 'prevHash', 'time', 'phase']

/** Activities by the last word of an operation, as `token.make`. */
const ACTIVITIES: readonly (readonly [words: readonly string[], activity: Captioned])[] = [
  [
    ['make', 'create', 'add', 'grant', 'report', 'hold', 'request', 'place', 'seal'],
    [1, 'Create'],
  ],
  [
    ['read', 'explain', 'list', 'query', 'export', 'view', 'show', 'open', 'find', 'reveal', 'prove'],
    [2, 'Read'],
  ],
  [
    ['change', 'update', 'set', 'close', 'rotate', 'reload', 'edit', 'approve'],
    [3, 'Update'],
  ],
  [
    ['revoke', 'delete', 'remove', 'erase', 'release', 'lift', 'retention', 'expire', 'forget'],
    [4, 'Delete'],
  ],
  [['enable'], [8, 'Enable']],
  [['disable'], [9, 'Disable']],
]

/** An operation outside the schema's words is `Other` under its own name. */
export function activityOf(operation: string): Captioned {
  const word = operation.slice(operation.lastIndexOf('.') + 1)
  return ACTIVITIES.find(([words]) => words.includes(word))?.[1] ?? [99, operation]
}

export function adminActivity(record: ExchangeRecord): OcsfFields {
  const operation = textAt(record, 'operation') ?? 'unknown'
  const target = textAt(record, 'target') ?? 'unknown'
  const actor = textAt(record, 'actor')
  const type = operation.includes('.') ? operation.slice(0, operation.indexOf('.')) : 'operation'
  const entity = typedEntity(type, target)
  const after = valueAt(record, 'after')
  return {
    ...classified({
      activity: activityOf(operation),
      category: IAM,
      class: ENTITY_CLASS,
      severity: SEVERITY.informational,
    }),
    ...occurred(record),
    actor: actor === undefined ? undefined : { user: { name: actor } },
    entity: { ...entity, data: valueAt(record, 'before') },
    message: `${operation} ${target}`,
    metadata: metadata(record, textAt(record, 'id') ?? '', PROFILES),
    observables: actor === undefined ? undefined : [userName(actor)],
    status: 'Success',
    status_id: 1,
    unmapped: unmapped(record, new Set([...COMMON, 'actor', 'target', 'before', 'after'])),
    updated_entity: after === undefined ? undefined : { ...entity, data: after },
  }
}

const userName = (value: string): OcsfFields => ({ name: 'actor.user.name', type: 'User Name', type_id: 4, value })

const typedEntity = (type: string, name: string): OcsfFields => {
  const [id, caption] = type === 'policy' ? POLICY_TYPE : ([99, type] as const)
  return { name, type: caption, type_id: id, uid: name }
}

export function configActivity(record: ExchangeRecord): OcsfFields {
  const what = textAt(record, 'what') ?? 'config'
  const from = textAt(record, 'from')
  const to = textAt(record, 'to')
  const isInForce = valueAt(record, 'ok') === true
  const entity = { ...typedEntity(what, what), uid: undefined }
  return {
    ...classified({
      activity: from === undefined ? [10, 'Activate'] : [3, 'Update'],
      category: IAM,
      class: ENTITY_CLASS,
      severity: isInForce ? SEVERITY.informational : SEVERITY.medium,
    }),
    ...occurred(record),
    actor: { app_name: 'Weir' },
    entity: { ...entity, uid: from, version: from },
    message: isInForce ? `${what} took effect` : `${what} was refused`,
    metadata: metadata(record, textAt(record, 'id') ?? '', PROFILES),
    status: isInForce ? 'Success' : 'Failure',
    status_id: isInForce ? 1 : 2,
    unmapped: unmapped(record, new Set([...COMMON, 'ok', 'from', 'to'])),
    updated_entity: to === undefined ? undefined : { ...entity, uid: to, version: to },
  }
}
