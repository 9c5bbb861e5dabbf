/**
 * Validates OCSF events against the schema's own source files, read from a folder: classes and objects by their
 * `extends` chains, `$include`d profiles, the attribute dictionary with its types and enumerations.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Json = Record<string, unknown>

interface Attribute {
  readonly requirement?: string
  readonly profile?: string | null
  readonly enum?: Readonly<Record<string, { readonly caption: string }>>
  readonly type?: string
  readonly is_array?: boolean
  readonly sibling?: string
  readonly '@deprecated'?: unknown
}

interface Shape {
  readonly attributes: ReadonlyMap<string, Attribute>
  readonly constraints: Readonly<Record<string, readonly string[]>>
  readonly uid: number | undefined
  readonly category: string | undefined
  readonly caption: string
}

interface DataType {
  readonly type?: string
  readonly regex?: string
  readonly max_len?: number
  readonly range?: readonly [number, number]
  readonly values?: readonly unknown[]
  readonly observable?: number
  readonly caption: string
}

export interface OcsfSchema {
  readonly version: string
  /** Everything that is wrong with one event, each as `path: what`. */
  readonly problems: (event: unknown) => string[]
  /** The attribute at a path such as `http_request.url.path` of a class. */
  readonly attribute: (classUid: number, path: string) => (Attribute & { readonly type: string }) | undefined
}

/** The folder: `WEIR_OCSF_SCHEMA`, or `shared/ocsf` beside the project; `null`: there is none. */
export function ocsfSchemaDir(): string | null {
  const dir = process.env['WEIR_OCSF_SCHEMA'] ?? join(import.meta.dirname, '../../../shared/ocsf')
  return existsSync(join(dir, 'dictionary.json')) ? dir : null
}

const readJson = (path: string): Json => JSON.parse(readFileSync(path, 'utf8')) as Json

export function loadOcsfSchema(dir: string): OcsfSchema {
  const schema = new Schema(dir)
  return {
    version: String(readJson(join(dir, 'version.json'))['version']),
    problems: (event) => schema.problems(event),
    attribute: (classUid, path) => schema.attributeAt(classUid, path),
  }
}

class Schema {
  readonly #dir: string
  readonly #dictionary: Readonly<Record<string, Attribute>>
  readonly #types: Readonly<Record<string, DataType>>
  readonly #sources = { events: new Map<string, Json>(), objects: new Map<string, Json>() }
  readonly #shapes = new Map<string, Shape>()
  readonly #classes = new Map<number, Shape>()
  readonly #categories: Readonly<Record<string, { readonly uid: number; readonly caption: string }>>
  readonly #observables = new Map<number, string>()

  constructor(dir: string) {
    this.#dir = dir
    const dictionary = readJson(join(dir, 'dictionary.json'))
    this.#dictionary = dictionary['attributes'] as Record<string, Attribute>
    this.#types = (dictionary['types'] as { attributes: Record<string, DataType> }).attributes
    this.#categories = readJson(join(dir, 'categories.json'))['attributes'] as never
    for (const kind of ['events', 'objects'] as const) {
      for (const file of readdirSync(join(dir, kind), { recursive: true, encoding: 'utf8' })) {
        if (!file.endsWith('.json')) continue
        const source = readJson(join(dir, kind, file))
        this.#sources[kind].set(String(source['name']), source)
      }
    }
    this.#learnObservables()
    for (const [name, source] of this.#sources.events) {
      if (source['uid'] === undefined) continue
      const shape = this.#shape('events', name)
      const category = shape.category === undefined ? 0 : (this.#categories[shape.category]?.uid ?? 0)
      this.#classes.set(category * 1000 + Number(source['uid']), shape)
    }
  }

  #learnObservables(): void {
    const named: [unknown, string][] = Object.values(this.#types).map(({ observable, caption }) => [
      observable,
      caption,
    ])
    for (const attribute of Object.values(this.#dictionary)) {
      const { observable, caption } = attribute as unknown as { observable?: number; caption: string }
      named.push([observable, caption])
    }
    for (const [number, caption] of named) if (typeof number === 'number') this.#observables.set(number, caption)
  }

  #shape(kind: 'events' | 'objects', name: string): Shape {
    const key = `${kind}/${name}`
    const known = this.#shapes.get(key)
    if (known !== undefined) return known
    const source = this.#sources[kind].get(name)
    if (source === undefined) throw new Error(`the OCSF schema has no ${key}`)
    const parent = typeof source['extends'] === 'string' ? this.#shape(kind, source['extends']) : null
    const attributes = new Map<string, Attribute>(parent?.attributes ?? [])
    const own = (source['attributes'] ?? {}) as Record<string, Attribute>
    for (const file of (own['$include'] as unknown as string[] | undefined) ?? []) {
      const profile = readJson(join(this.#dir, file))
      for (const [attribute, details] of Object.entries(profile['attributes'] as Record<string, Attribute>)) {
        attributes.set(attribute, merged(attributes.get(attribute), { profile: String(profile['name']), ...details }))
      }
    }
    for (const [attribute, details] of Object.entries(own)) {
      if (attribute !== '$include') attributes.set(attribute, merged(attributes.get(attribute), details))
    }
    const shape = {
      attributes,
      caption: String(source['caption']),
      category: (source['category'] as string | undefined) ?? parent?.category,
      constraints: { ...parent?.constraints, ...(source['constraints'] as Shape['constraints'] | undefined) },
      uid: source['uid'] as number | undefined,
    }
    this.#shapes.set(key, shape)
    return shape
  }

  problems(event: unknown): string[] {
    if (!isObject(event)) return ['is no object']
    const shape = this.#classes.get(Number(event['class_uid']))
    if (shape === undefined) return [`class_uid: no class ${String(event['class_uid'])}`]
    const problems = this.#classified(event, shape)
    const metadata = isObject(event['metadata']) ? event['metadata'] : {}
    const profiles = new Set(Array.isArray(metadata['profiles']) ? metadata['profiles'].map(String) : [])
    for (const profile of profiles) {
      if (!existsSync(join(this.#dir, 'profiles', `${profile}.json`)))
        problems.push(`metadata.profiles: \`${profile}\``)
    }
    this.#object(event, shape, { path: '', profiles, problems })
    return problems
  }

  /** What the compiled schema puts into each class: its number, category and types. */
  #classified(event: Json, shape: Shape): string[] {
    const problems: string[] = []
    const category = this.#categories[shape.category ?? '']
    const isType = event['type_uid'] === Number(event['class_uid']) * 100 + Number(event['activity_id'])
    if (!isType) problems.push('type_uid: is not class_uid * 100 + activity_id')
    if (event['category_uid'] !== category?.uid) problems.push(`category_uid: is not ${String(category?.uid)}`)
    if ((event['category_name'] ?? category?.caption) !== category?.caption)
      problems.push('category_name: other caption')
    if ((event['class_name'] ?? shape.caption) !== shape.caption) problems.push('class_name: other caption')
    return problems
  }

  #object(value: Json, shape: Shape, at: At): void {
    for (const [name, attribute] of shape.attributes) {
      const isOn = attribute.profile == null || at.profiles.has(attribute.profile)
      if (attribute.requirement === 'required' && isOn && value[name] === undefined) {
        at.problems.push(`${at.path}${name}: required and missing`)
      }
    }
    for (const [rule, names] of Object.entries(shape.constraints)) {
      const count = names.filter((name) => value[name] !== undefined).length
      if (rule === 'at_least_one' && count === 0) at.problems.push(`${at.path}: needs one of ${names.join(', ')}`)
      if (rule === 'just_one' && count !== 1) at.problems.push(`${at.path}: needs just one of ${names.join(', ')}`)
    }
    for (const [name, member] of Object.entries(value)) this.#member(name, member, { value, shape, at })
  }

  #member(name: string, member: unknown, { value, shape, at }: { value: Json; shape: Shape; at: At }): void {
    const path = `${at.path}${name}`
    const own = shape.attributes.get(name)
    const general = this.#dictionary[name]
    if (own === undefined || general === undefined) return void at.problems.push(`${path}: unknown attribute`)
    if (own.profile != null && !at.profiles.has(own.profile)) at.problems.push(`${path}: profile ${own.profile} is off`)
    const attribute = merged(general, own)
    if (attribute['@deprecated'] !== undefined) at.problems.push(`${path}: deprecated`)
    if (attribute.is_array === true) {
      if (!Array.isArray(member)) return void at.problems.push(`${path}: is no array`)
      for (const [index, item] of member.entries()) this.#value(item, attribute, { ...at, path: `${path}[${index}]` })
    } else this.#value(member, attribute, { ...at, path })
    this.#enumerated(name, member, { attribute, value, at: { ...at, path } })
  }

  #enumerated(name: string, member: unknown, on: { attribute: Attribute; value: Json; at: At }): void {
    const { attribute, value, at } = on
    if (
      name === 'type_id' &&
      'value' in value &&
      'type' in value &&
      'name' in value &&
      at.path.startsWith('observables')
    ) {
      if (this.#observables.get(Number(member)) !== value['type']) at.problems.push(`${at.path}: no such observable`)
      return
    }
    if (attribute.enum === undefined || ['class_uid', 'category_uid', 'type_uid'].includes(name)) return
    const found = attribute.enum[String(member)]
    if (found === undefined) return void at.problems.push(`${at.path}: \`${String(member)}\` is not in its enumeration`)
    const sibling = attribute.sibling === undefined ? undefined : value[attribute.sibling]
    if (member === 99) {
      if (attribute.sibling !== undefined && sibling === undefined) at.problems.push(`${at.path}: 99 without its name`)
    } else if (sibling !== undefined && sibling !== found.caption) {
      at.problems.push(`${at.path}: its name is \`${JSON.stringify(sibling)}\`, not \`${found.caption}\``)
    }
  }

  #value(value: unknown, attribute: Attribute, at: At): void {
    const type = attribute.type ?? ''
    const data = this.#types[type]
    if (data !== undefined) {
      const problem = this.#scalarProblem(value, type, data)
      if (problem !== null) at.problems.push(`${at.path}: ${problem}`)
      return
    }
    if (!isObject(value)) return void at.problems.push(`${at.path}: is no object`)
    if (type !== 'object') this.#object(value, this.#shape('objects', type), { ...at, path: `${at.path}.` })
  }

  #scalarProblem(value: unknown, name: string, type: DataType): string | null {
    if (name === 'json_t') return value === undefined ? 'is missing' : null
    const base = type.type ?? name
    const isRight = {
      boolean_t: typeof value === 'boolean',
      float_t: typeof value === 'number',
      integer_t: Number.isSafeInteger(value),
      long_t: Number.isSafeInteger(value),
      string_t: typeof value === 'string',
    }[base]
    if (isRight !== true) return `is no ${name}`
    if (typeof value === 'string' && !value.isWellFormed()) return 'is no UTF-8'
    if (type.max_len !== undefined && String(value).length > type.max_len) return `is longer than ${type.max_len}`
    if (type.regex !== undefined && !new RegExp(type.regex).test(String(value))) return `does not match ${name}`
    if (type.range !== undefined && (Number(value) < type.range[0] || Number(value) > type.range[1]))
      return 'out of range'
    return null
  }

  attributeAt(classUid: number, path: string): (Attribute & { readonly type: string }) | undefined {
    let shape = this.#classes.get(classUid)
    let found: Attribute | undefined
    for (const name of path.split('.')) {
      const own = shape?.attributes.get(name)
      const general = this.#dictionary[name]
      if (own === undefined || general === undefined) return undefined
      found = merged(general, own)
      const type = found.type ?? ''
      shape = type in this.#types || type === 'object' ? undefined : this.#shape('objects', type)
    }
    return found as Attribute & { readonly type: string }
  }
}

interface At {
  readonly path: string
  readonly profiles: ReadonlySet<string>
  readonly problems: string[]
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function merged(before: Attribute | undefined, details: Attribute): Attribute {
  const values =
    before?.enum === undefined && details.enum === undefined ? {} : { enum: { ...before?.enum, ...details.enum } }
  return { ...before, ...details, ...values }
}
