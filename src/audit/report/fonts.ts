/** Finds a font with Chinese characters for PDFs. Latin needs none: every PDF reader has the standard fonts. */
import { existsSync } from 'node:fs'

/** A font file; a collection (`.ttc`) names its member as well. */
export interface FontFile {
  readonly file: string
  /** PostScript name of the collection's member. */
  readonly member: string | null
}

export interface CjkFonts {
  readonly normal: FontFile
  readonly bold: FontFile
}

const FOLDERS = ['/usr/share/fonts/opentype/noto', '/usr/share/fonts/noto-cjk', '/usr/share/fonts/google-noto-cjk']

/** What `audit.reportFont` may name: `F.ttf`, `F.otf`, or `F.ttc#MemberName`. */
export function parseFont(text: string): FontFile {
  const at = text.lastIndexOf('#')
  return at === -1 ? { file: text, member: null } : { file: text.slice(0, at), member: text.slice(at + 1) }
}

/** The configured font, else Noto Sans CJK where a distribution puts it; `null`: there is none. */
export function findCjkFonts(configured: string | null): CjkFonts | null {
  if (configured !== null) {
    const font = parseFont(configured)
    return existsSync(font.file) ? { normal: font, bold: font } : null
  }
  const folder = FOLDERS.find((each) => existsSync(`${each}/NotoSansCJK-Regular.ttc`))
  if (folder === undefined) return null
  const normal = { file: `${folder}/NotoSansCJK-Regular.ttc`, member: 'NotoSansCJKsc-Regular' }
  const bold = `${folder}/NotoSansCJK-Bold.ttc`
  return { normal, bold: existsSync(bold) ? { file: bold, member: 'NotoSansCJKsc-Bold' } : normal }
}
