/** A reader of CEF lines, written from the format's description and not from the code under test. */

export interface CefEvent {
  /** Version, vendor, product, product version, class, name, severity. */
  readonly header: readonly string[]
  readonly extension: Readonly<Record<string, string>>
}

/** Throws for what is no CEF line. */
export function readCef(line: string): CefEvent {
  if (!line.startsWith('CEF:')) throw new Error('does not begin with CEF:')
  const header: string[] = []
  let part = ''
  let at = 4
  for (; at < line.length && header.length < 7; at++) {
    const char = line[at] ?? ''
    if (char === '\\') {
      const next = line[++at] ?? ''
      if (next !== '\\' && next !== '|') throw new Error(`header escape \\${next}`)
      part += next
    } else if (char === '|') {
      header.push(part)
      part = ''
    } else part += char
  }
  if (header.length !== 7) throw new Error(`${header.length} header parts`)
  return { header, extension: readExtension(line.slice(at)) }
}

/** A key stands behind a blank (or in front) and before an equals sign that no backslash escapes. */
function readExtension(text: string): Record<string, string> {
  const extension = Object.create(null) as Record<string, string>
  const keys = [...text.matchAll(/(?:^| )([A-Za-z0-9]+)=/gu)].filter(({ index, 0: whole }) => {
    const before = text.slice(0, index + whole.length - 1)
    return (/\\*$/u.exec(before)?.[0].length ?? 0) % 2 === 0
  })
  for (const [index, key] of keys.entries()) {
    const from = key.index + key[0].length
    const name = key[1] ?? ''
    if (name in extension) throw new Error(`${name} twice`)
    extension[name] = unescaped(text.slice(from, keys[index + 1]?.index ?? text.length))
  }
  return extension
}

const unescaped = (text: string): string =>
  text.replaceAll(/\\(.?)/gsu, (_, char: string) => {
    const value = { '\\': '\\', '=': '=', n: '\n', r: '\r' }[char]
    if (value === undefined) throw new Error(`extension escape \\${char}`)
    return value
  })
