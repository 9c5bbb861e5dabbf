/** Key names that mean the same in every dialect; each dialect adds its own (see `json-parts.ts`). */

/** Ids, roles, types and JSON Schema keywords whose values are fixed words. `enum`, `const`, `default` can hold data. */
export const COMMON_NAMES = [
  'type',
  'role',
  'id',
  'model',
  'name',
  'status',
  'format',
  'required',
  '$schema',
  '$ref',
] as const

/** What providers sign or encrypt, wherever it stands: an edit would make the next turn fail. */
export const SIGNED_KEYS = [
  'signature',
  'thought_signature',
  'thoughtSignature',
  'encrypted_content',
  'encrypted_index',
  'encrypted_stdout',
  'reasoning_opaque',
  'redacted_thinking',
] as const
