/** The real command line tools: how a developer starts each, and what it is called in Weir's records. */

/** Rows of an inference call: method and path, e.g. `POST /v1/messages`. */
export type Call = `${string} ${string}`

export interface CliClient {
  /** Short name in titles. */
  readonly name: string
  /** Package in package.json; its pinned version is what events must say. */
  readonly packageName: string
  /** In `node_modules/.bin`. */
  readonly bin: string
  /** Tool id in the catalogue, and its name in notices. */
  readonly tool: string
  readonly toolName: string
  readonly args: (prompt: string) => readonly string[]
  /** Goes on with its newest conversation. Absent: not tested. */
  readonly argsToGoOn?: (prompt: string) => readonly string[]
  /** Dummy keys and settings; Weir's own variables are added for all. */
  readonly env: Readonly<Record<string, string>>
  /** Files below the throw-away home. */
  readonly files: Readonly<Record<string, string>>
  /** Hosts that lead to the fake upstream. All others lead nowhere. */
  readonly hosts: readonly string[]
  /** What it sends before it shows a notice, in order. */
  readonly callsWhenBlocked: readonly Call[]
  /** Content coding of its request bodies. */
  readonly coding: string | null
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

export const claude: CliClient = {
  name: 'Claude Code',
  packageName: '@anthropic-ai/claude-code',
  bin: 'claude',
  tool: 'claude-code',
  toolName: 'Claude Code',
  args: (prompt) => ['-p', prompt],
  argsToGoOn: (prompt) => ['-p', '--continue', prompt],
  env: { ANTHROPIC_API_KEY: 'sk-ant-dummy' },
  files: {},
  hosts: ['api.anthropic.com', 'platform.claude.com'],
  callsWhenBlocked: ['POST /v1/messages'],
  coding: null,
}

/** May write files and run commands. */
export const claudeWithTools: CliClient = {
  ...claude,
  name: 'Claude Code with tools',
  args: (prompt) => ['-p', prompt, '--allowedTools', 'Write,Bash'],
}

/** Signed in long ago: the token is over and is refreshed before the first request. */
export const claudeWithExpiredLogin: CliClient = {
  ...claude,
  name: 'Claude Code with an expired login',
  env: {},
  files: {
    '.claude/.credentials.json': json({
      claudeAiOauth: {
        accessToken: 'sk-ant-oat01-expired-dummy',
        refreshToken: 'sk-ant-ort01-expired-dummy',
        expiresAt: Date.UTC(2026, 0, 1),
        scopes: ['user:inference', 'user:profile'],
        subscriptionType: 'max',
      },
    }),
  },
}

export const codex: CliClient = {
  name: 'Codex',
  packageName: '@openai/codex',
  bin: 'codex',
  tool: 'openai-codex',
  toolName: 'OpenAI Codex',
  args: (prompt) => ['exec', '--skip-git-repo-check', prompt],
  argsToGoOn: (prompt) => ['exec', '--skip-git-repo-check', 'resume', '--last', prompt],
  env: { OPENAI_API_KEY: 'sk-dummy', CODEX_API_KEY: 'sk-dummy' },
  files: {},
  hosts: ['api.openai.com', 'chatgpt.com'],
  callsWhenBlocked: ['GET /v1/responses', 'POST /v1/responses'],
  coding: null,
}

/** May write files and run commands. */
export const codexWithTools: CliClient = {
  ...codex,
  name: 'Codex with tools',
  args: (prompt) => ['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', prompt],
}

const unsignedToken = (claims: unknown): string =>
  [{ alg: 'none', typ: 'JWT' }, claims, 'none']
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')

const chatgptClaims = {
  exp: Date.UTC(2099, 0, 1) / 1000,
  email: 'dev@acme.example',
  'https://api.openai.com/auth': { chatgpt_plan_type: 'business', chatgpt_account_id: 'acc-dummy', user_id: 'u-dummy' },
}

/** Signed in with ChatGPT: other host and paths, and bodies in zstd. */
export const codexWithChatgptLogin: CliClient = {
  ...codex,
  name: 'Codex with a ChatGPT login',
  env: {},
  files: {
    '.codex/auth.json': json({
      auth_mode: 'chatgpt',
      OPENAI_API_KEY: null,
      tokens: {
        id_token: unsignedToken(chatgptClaims),
        access_token: unsignedToken(chatgptClaims),
        refresh_token: 'rt-dummy',
        account_id: 'acc-dummy',
      },
      last_refresh: new Date().toISOString(),
    }),
  },
  callsWhenBlocked: ['GET /backend-api/codex/responses', 'POST /backend-api/codex/responses'],
  coding: 'zstd',
}

export const codexWithLoginAndTools: CliClient = {
  ...codexWithChatgptLogin,
  name: 'Codex with a ChatGPT login and tools',
  args: codexWithTools.args,
}

export const gemini: CliClient = {
  name: 'Gemini CLI',
  packageName: '@google/gemini-cli',
  bin: 'gemini',
  tool: 'gemini-cli',
  toolName: 'Gemini CLI',
  args: (prompt) => ['-p', prompt],
  env: { GEMINI_API_KEY: 'dummy', GEMINI_CLI_TRUST_WORKSPACE: 'true' },
  files: {
    '.gemini/settings.json': json({
      security: { auth: { selectedType: 'gemini-api-key' } },
      model: { name: 'gemini-2.5-pro' },
    }),
  },
  hosts: ['generativelanguage.googleapis.com'],
  callsWhenBlocked: ['POST /v1beta/models/gemini-2.5-pro:streamGenerateContent'],
  coding: null,
}

export const qwen: CliClient = {
  name: 'Qwen Code',
  packageName: '@qwen-code/qwen-code',
  bin: 'qwen',
  tool: 'qwen-code',
  toolName: 'Qwen Code',
  args: (prompt) => ['-p', prompt],
  env: {
    OPENAI_API_KEY: 'sk-dummy',
    OPENAI_BASE_URL: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
    OPENAI_MODEL: 'qwen3-coder-plus',
  },
  files: { '.qwen/settings.json': json({ security: { auth: { selectedType: 'openai' } } }) },
  hosts: ['dashscope.aliyuncs.com'],
  callsWhenBlocked: ['POST /compatible-mode/v1/chat/completions'],
  coding: null,
}

export const opencode: CliClient = {
  name: 'opencode',
  packageName: 'opencode-ai',
  bin: 'opencode',
  tool: 'opencode',
  toolName: 'opencode',
  args: (prompt) => ['run', '--model', 'anthropic/claude-sonnet-4-5', prompt],
  env: { ANTHROPIC_API_KEY: 'sk-ant-dummy' },
  files: {},
  hosts: ['api.anthropic.com'],
  // One for the title of the conversation, one for the answer.
  callsWhenBlocked: ['POST /v1/messages', 'POST /v1/messages'],
  coding: null,
}
