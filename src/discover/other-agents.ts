/** Programs that say themselves that they are no AI tool: what they reach is not what a tool began to call. */

/** Enough of a `user-agent` to tell. */
const MAX_CHARS = 300

/** Package managers, downloaders and version control, as they begin. Runtimes (`node`, `Bun/`, `Go-http-client`) are what tools are made with. */
const PROGRAMS =
  /^(?:curl|wget|aria2|git|git-lfs|npm|pnpm|yarn|pip|uv|poetry|conda|cargo|rustup|apache-maven|gradle|nuget|composer|rubygems|bundler|homebrew|docker|containerd|podman|debian apt-http|dnf|libdnf|opkg)[/ (]/iu

/** A browser; programs that are built on one (`Electron/…`) may be a tool. */
const BROWSER = /^(?:mozilla|opera)\//iu
const EMBEDDED = /\belectron\/|\bcode\/\d/iu

/** `userAgent`: as it came; `null`: none. */
export function isOtherAgent(userAgent: string | null): boolean {
  if (userAgent === null) return false
  const text = userAgent.slice(0, MAX_CHARS)
  return PROGRAMS.test(text) || (BROWSER.test(text) && !EMBEDDED.test(text))
}
