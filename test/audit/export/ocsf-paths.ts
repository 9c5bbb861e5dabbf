/** The attributes of OCSF events by their paths, for the table in test/cases/audit/export/ocsf-attributes.yaml. */

/** Free-form by definition: what is inside is not the schema's. */
const OPAQUE = new Set(['unmapped', 'entity.data', 'updated_entity.data'])

/** Every attribute of an event, array indexes left out: `[path, value]`; objects come before their members. */
export function attributePaths(value: unknown, path = ''): [path: string, value: unknown][] {
  if (Array.isArray(value)) return value.flatMap((item) => attributePaths(item, path))
  const own: [string, unknown][] = path === '' ? [] : [[path, value]]
  if (typeof value !== 'object' || value === null || OPAQUE.has(path)) return own
  return [
    ...own,
    ...Object.entries(value).flatMap(([name, member]) =>
      attributePaths(member, path === '' ? name : `${path}.${name}`),
    ),
  ]
}
