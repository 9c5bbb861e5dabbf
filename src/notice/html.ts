/** The block page for a person in a browser: no script, nothing loaded, everything escaped. */
import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { LocalAnswer, Notice } from '../domain/notice.ts'
import { WORDS } from './words.ts'

const STYLE = `
:root { color-scheme: light dark; --ground: #f4f5f7; --card: #fff; --ink: #16202e; --soft: #5a6678; --edge: #dfe3ea; --accent: #1f5fbf; --on: #fff; --mark: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ground: #11161d; --card: #1a212b; --ink: #e8edf4; --soft: #9aa7b8; --edge: #2c3643; --accent: #8ab4f8; --on: #0d1420; --mark: #f2938c } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground); color: var(--ink); font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans", sans-serif }
main { width: 100%; max-width: 38rem; padding: 2.25rem; background: var(--card); border: 1px solid var(--edge); border-top: 4px solid var(--mark); border-radius: 12px; box-shadow: 0 8px 30px rgb(0 0 0 / 8%); overflow-wrap: anywhere }
h1 { margin: 0 0 1rem; font-size: 1.4rem; line-height: 1.3; text-wrap: balance }
p { margin: 0 0 1.5rem }
a { display: inline-block; padding: .6rem 1.2rem; border-radius: 8px; background: var(--accent); color: var(--on); font-weight: 600; text-decoration: none }
a:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px }
footer { margin-top: 1.75rem; padding-top: 1rem; border-top: 1px solid var(--edge); color: var(--soft); font-size: .875rem }
code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; user-select: all }
@media print { main { border: 0; box-shadow: none } }
`

/** Only this very style may apply, nothing may load, and no page may frame or post to us. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Safe as text and inside a quoted attribute. */
export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/gu, (letter) => ESCAPES[letter] ?? '')

/** 403 with the page. The link stands only where `ask` is a web address. */
export function htmlPage(notice: Notice): LocalAnswer {
  const words = WORDS[notice.language]
  const url = webAddress(notice.ask)
  const link =
    url === null ? '' : `<p><a href="${escapeHtml(url)}" rel="noreferrer">${escapeHtml(words.askLink)}</a></p>`
  const page = `<!doctype html>
<html lang="${notice.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(notice.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1 dir="auto">${escapeHtml(notice.title)}</h1>
<p dir="auto">${escapeHtml(notice.line)}</p>
${link}
<footer>${escapeHtml(words.event)} <code>${escapeHtml(notice.event)}</code></footer>
</main>
</body>
</html>
`
  return {
    status: 403,
    headers: [
      'content-type',
      'text/html; charset=utf-8',
      'content-security-policy',
      CONTENT_SECURITY_POLICY,
      'x-content-type-options',
      'nosniff',
      'referrer-policy',
      'no-referrer',
    ],
    body: Buffer.from(page),
  }
}

/** The address when it is http or https and nothing else; `null` for sentences, mail addresses and scripts. */
function webAddress(text: string): string | null {
  const url = /^https?:\/\/\S+$/iu.test(text) ? URL.parse(text) : null
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : null
}
