/** Who answers behind a host, for schemas that want the provider of a model by name. */

export interface AiProvider {
  /** As a person writes it. */
  readonly name: string
  /** As OpenTelemetry's `gen_ai.provider.name` and ECS's `gen_ai.system` write it. */
  readonly system: string
}

// Values of `system`: OpenTelemetry semantic conventions, attribute registry, `gen_ai.provider.name`; where it has none
// (Alibaba and below), the provider's own short name, which that page allows.
const PROVIDERS: readonly (readonly [suffix: string, name: string, system: string])[] = [
  ['openai.azure.com', 'Azure OpenAI', 'azure.ai.openai'],
  ['cognitiveservices.azure.com', 'Azure AI', 'azure.ai.inference'],
  ['services.ai.azure.com', 'Azure AI', 'azure.ai.inference'],
  ['openai.com', 'OpenAI', 'openai'],
  ['chatgpt.com', 'OpenAI', 'openai'],
  ['anthropic.com', 'Anthropic', 'anthropic'],
  ['claude.ai', 'Anthropic', 'anthropic'],
  ['generativelanguage.googleapis.com', 'Google Gemini', 'gcp.gemini'],
  ['aiplatform.googleapis.com', 'Google Vertex AI', 'gcp.vertex_ai'],
  ['googleapis.com', 'Google', 'gcp.gen_ai'],
  ['amazonaws.com', 'AWS Bedrock', 'aws.bedrock'],
  ['cohere.com', 'Cohere', 'cohere'],
  ['cohere.ai', 'Cohere', 'cohere'],
  ['deepseek.com', 'DeepSeek', 'deepseek'],
  ['groq.com', 'Groq', 'groq'],
  ['mistral.ai', 'Mistral AI', 'mistral_ai'],
  ['perplexity.ai', 'Perplexity', 'perplexity'],
  ['x.ai', 'xAI', 'x_ai'],
  ['aliyuncs.com', 'Alibaba Cloud', 'alibaba_cloud'],
  ['moonshot.cn', 'Moonshot AI', 'moonshot_ai'],
  ['moonshot.ai', 'Moonshot AI', 'moonshot_ai'],
  ['githubcopilot.com', 'GitHub Copilot', 'github_copilot'],
  ['openrouter.ai', 'OpenRouter', 'openrouter'],
]

/** The provider that a host belongs to. A host that is not known stands for itself: a dialect is no proof of who answers. */
export function aiProviderOf(host: string): AiProvider {
  for (const [suffix, name, system] of PROVIDERS) {
    if (host === suffix || host.endsWith(`.${suffix}`) || isRegional(host, suffix)) return { name, system }
  }
  return { name: host, system: host }
}

/** Vertex AI puts the region before the name: `europe-west1-aiplatform.googleapis.com`. */
const isRegional = (host: string, suffix: string): boolean =>
  suffix.startsWith('aiplatform.') && host.endsWith(`-${suffix}`)
