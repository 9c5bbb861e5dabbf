/** JSON Schemas of the files that IT edits, for editors. `rules/schema/` holds them; a test keeps them as they are made here. */
import { z } from 'zod'
import { catalogueFileSchema } from '../catalogue/schema.ts'
import { detectorFileSchema } from '../inspect/detector-schema.ts'
import { noticeFileSchema } from '../notice/schema.ts'
import { neverFileSchema } from '../policy/never-list.ts'
import { policyFileSchema } from '../policy/schema.ts'
import { configSchema } from './schema.ts'

const SCHEMAS = {
  'weir.json': configSchema,
  'catalogue.json': catalogueFileSchema,
  'policy.json': policyFileSchema,
  'never.json': neverFileSchema,
  'detectors.json': detectorFileSchema,
  'notices.json': noticeFileSchema,
} as const

/** File name in `rules/schema/` → its text. */
export const jsonSchemaFiles = (): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(SCHEMAS).map(([name, schema]) => [
      name,
      `${JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), null, 2)}\n`,
    ]),
  )
