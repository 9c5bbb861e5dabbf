/**
 * The tenant restrictions that vendors offer: which headers, on which hosts, with which values. Data only; what the vendors
 * publish, with the page it is on. A key of `tenants:` in the policy is an id of this table.
 */
import type { TenantValueShape } from './tenant-values.ts'

export interface TenantHeaderSpec {
  /** As the vendor writes it. */
  readonly name: string
  readonly shape: TenantValueShape
}

export interface TenantRestriction {
  readonly id: string
  /** Other words for it that are taken in the policy. */
  readonly aliases?: readonly string[]
  /** All of them are needed. */
  readonly headers: readonly TenantHeaderSpec[]
  /** `a.b`, `*.a.b` for sub-hosts, `name*.a.b` for one label that begins so. */
  readonly hosts: readonly string[]
  /** Hosts among them that speak something else than HTTP inside TLS. */
  readonly except?: readonly string[]
  /** Paths through which the service is used without any tenant: refused while the restriction is on. */
  readonly refusedPaths?: readonly string[]
  /** Where this was read. */
  readonly source: string
}

const ENTRA_HOSTS = ['login.microsoftonline.com', 'login.microsoft.com', 'login.windows.net'] as const

export const TENANT_RESTRICTIONS: readonly TenantRestriction[] = [
  {
    id: 'anthropic',
    headers: [{ name: 'anthropic-allowed-org-ids', shape: 'uuids' }],
    hosts: ['claude.ai', '*.claude.ai', 'api.anthropic.com'],
    source: 'https://support.claude.com/en/articles/13198485',
  },
  {
    id: 'chatgpt',
    aliases: ['openai'],
    headers: [{ name: 'ChatGPT-Allowed-Workspace-Id', shape: 'uuids' }],
    hosts: ['chatgpt.com', '*.chatgpt.com', 'openai.com', '*.openai.com'],
    refusedPaths: ['/backend-anon/**'],
    source: 'help.openai.com article 20001323; the hosts are those of a published F5 sample',
  },
  {
    id: 'github',
    headers: [{ name: 'sec-GitHub-allowed-enterprise', shape: 'enterprise-ids' }],
    hosts: ['github.com', 'api.github.com', '*.githubcopilot.com'],
    source: 'docs.github.com: restricting access to GitHub.com with a corporate proxy (enterprise managed users)',
  },
  {
    id: 'gemini-code-assist',
    headers: [{ name: 'X-GeminiCodeAssist-Allowed-Domains', shape: 'domains' }],
    hosts: ['cloudcode-pa.googleapis.com'],
    source: 'https://cloud.google.com/gemini/docs/codeassist/network-access',
  },
  {
    id: 'google-workspace',
    headers: [{ name: 'X-GoogApps-Allowed-Domains', shape: 'domains' }],
    hosts: ['google.com', '*.google.com', '*.googleusercontent.com', '*.gstatic.com'],
    // Push messages of Chrome and Android: a protocol of their own inside TLS.
    except: ['mtalk.google.com', 'mobile-gtalk.google.com', 'alt*-mtalk.google.com'],
    source: 'https://support.google.com/a/answer/1668854',
  },
  {
    id: 'google-cloud',
    headers: [{ name: 'X-Goog-Allowed-Resources', shape: 'google-resources' }],
    hosts: ['*.googleapis.com'],
    source: 'https://docs.cloud.google.com/resource-manager/docs/organization-restrictions/overview',
  },
  {
    id: 'microsoft-entra-v1',
    headers: [
      { name: 'Restrict-Access-To-Tenants', shape: 'domains-or-uuids' },
      { name: 'Restrict-Access-Context', shape: 'uuid' },
    ],
    hosts: ENTRA_HOSTS,
    source: 'https://learn.microsoft.com/en-us/entra/identity/enterprise-apps/tenant-restrictions',
  },
  {
    id: 'microsoft-entra-v2',
    headers: [{ name: 'sec-Restrict-Tenant-Access-Policy', shape: 'tenant-policy' }],
    hosts: [...ENTRA_HOSTS, 'login.live.com'],
    source: 'https://learn.microsoft.com/en-us/entra/external-id/tenant-restrictions-v2',
  },
  {
    id: 'microsoft-consumer',
    headers: [{ name: 'sec-Restrict-Tenant-Access-Policy', shape: 'restrict-msa' }],
    hosts: ['login.live.com'],
    source: 'https://learn.microsoft.com/en-us/entra/identity/enterprise-apps/tenant-restrictions',
  },
  {
    id: 'slack',
    headers: [
      { name: 'X-Slack-Allowed-Workspaces-Requester', shape: 'slack-id' },
      { name: 'X-Slack-Allowed-Workspaces', shape: 'slack-ids' },
    ],
    hosts: ['slack.com', '*.slack.com'],
    source: 'https://slack.com/help/articles/360024821873',
  },
  {
    id: 'dropbox',
    headers: [{ name: 'X-Dropbox-allowed-Team-Ids', shape: 'team-ids' }],
    hosts: ['dropbox.com', '*.dropbox.com'],
    source: 'documentation of Cloudflare and F5',
  },
  {
    id: 'webex',
    headers: [{ name: 'CiscoSpark-Allowed-Domains', shape: 'domains' }],
    hosts: ['identity*.webex.com', 'idbroker*.webex.com', 'atlas-a.wbx2.com'],
    source: 'documentation of F5',
  },
  {
    id: 'zoom',
    headers: [{ name: 'X-ZoomApps-Policy', shape: 'token' }],
    hosts: ['zoom.com', '*.zoom.com'],
    source: 'documentation of F5; nothing found at the vendor',
  },
  {
    id: 'youtube',
    headers: [{ name: 'YouTube-Restrict', shape: 'youtube' }],
    hosts: [
      'www.youtube.com',
      'm.youtube.com',
      'www.youtube-nocookie.com',
      'youtubei.googleapis.com',
      'youtube.googleapis.com',
    ],
    source: 'https://support.google.com/a/answer/6214622',
  },
]
