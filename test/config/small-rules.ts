/** A small rules folder for tests of loading and reloading, as `t.testdir` takes it. */
import { readFileSync } from 'node:fs'
import { PROJECT } from './shipped.ts'

export const CATALOGUE = `version: 1
vendor: { id: alpha, name: Alpha, country: US }
reviewed: 2026-11-22
tools:
  - id: alpha-cli
    name: Alpha CLI
    kinds: [coding-cli]
    confidence: verified
    marks: [{ header: user-agent, matches: '^alpha/(?<version>[0-9.]+)' }]
    endpoints:
      - { host: api.alpha.test, methods: [POST], paths: [/v1/messages], purpose: inference, dialect: anthropic-messages }
`

export const policyWith = (tier: string): string => `version: 1
mode: enforce
company: ACME
assign:
  - { tool: alpha-cli, tier: ${tier} }
default: monitored
unlisted: monitored
`

const notice = (language: string): string => readFileSync(`${PROJECT}rules/notices/${language}.yaml`, 'utf8')

export const smallRules = (): Record<string, string | Record<string, string>> => ({
  'policy.yaml': policyWith('prohibited'),
  catalogue: { 'alpha.yaml': CATALOGUE },
  detectors: { 'none.yaml': 'version: 1\ndetectors: []\n' },
  notices: { 'en.yaml': notice('en'), 'zh-CN.yaml': notice('zh-CN') },
})
