/** What may reach a terminal or a spreadsheet as it is. */

// C0, DEL, C1, Arabic letter mark, zero-width and direction marks, line separators, bidi overrides and isolates, BOM.
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu

/** Control characters as `\u001b`: no ANSI sequence, line break or change of direction is left. */
export const escapeControls = (text: string): string =>
  text.replace(CONTROLS, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
