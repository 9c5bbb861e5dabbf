/**
 * Which evidence of a pack speaks to which control: an aid for auditors. Own words, each compared with a page that says
 * what is asked for, and that page is named; no text of a standard is repeated, nothing here is legal advice, and no row
 * says that a requirement is met.
 */
import type { Language } from './summary-texts.ts'

type Said = Readonly<Record<Language, string>>

export interface Control {
  readonly framework: string
  readonly id: string
  /** What it asks for, in one sentence of ours. */
  readonly says: Said
  /** What of the pack speaks to it. */
  readonly evidence: Said
  /** For `weir audit query`. */
  readonly query: string
  /** The text itself, by its name: the standards are sold, and none was opened by us. */
  readonly source: string
  /** The page that our words were compared with; `null`: not checked by us, and the row says so. */
  readonly read: ReadPage | null
}

export interface ReadPage {
  readonly address: string
  /** Day on which it was read, in a stored copy: `2026-11-23`. */
  readonly on: string
}

const READ_ON = '2026-11-23'
const page = (address: string): ReadPage => ({ address, on: READ_ON })

const ISO_27001 = 'ISO/IEC 27001:2022, Annex A'
const SOC_2 = 'SOC 2 (AICPA Trust Services Criteria, TSP 100)'
const ISO_42001 = 'ISO/IEC 42001:2023, Annex A'
const AI_ACT = 'Regulation (EU) 2024/1689 (AI Act)'
const CHINA = '中国 / China: PIPL, GB/T 22239'

const TSC = 'AICPA, 2017 Trust Services Criteria (revised points of focus 2022)'
const AI_ACT_TEXT = 'OJ L, 2024/1689, 12.7.2024'
const PIPL = '中华人民共和国个人信息保护法'
const SOC_2_PAGE = page('https://www.cybercompliance.app/de/frameworks/soc-2')
const AI_ACT_PAGE = page('https://powerquant.dk/en/logging-article-12')

export const CONTROLS: readonly Control[] = [
  {
    framework: ISO_27001,
    id: 'A.8.12',
    says: {
      en: 'Data leakage prevention where sensitive information is processed, stored or sent.',
      'zh-CN': '在处理、存储或传输敏感信息之处采取防止数据泄露的措施。',
    },
    evidence: {
      en: 'Findings by detector, redacted and blocked requests, detectors in force (policies/), coverage.',
      'zh-CN': '按检测器统计的发现、脱敏和阻止的请求、生效的检测器（policies/）、覆盖情况。',
    },
    query: '--action redact',
    source: 'ISO/IEC 27001:2022',
    read: page('https://www.assentriskmanagement.co.uk/insights-iso-270022022-control-8-12-data-leakage-prevention/'),
  },
  {
    framework: ISO_27001,
    id: 'A.8.15',
    says: {
      en: 'Logs of activities, exceptions and faults are made, kept, protected and analysed.',
      'zh-CN': '产生、保存、保护并分析活动、异常和故障日志。',
    },
    evidence: {
      en: 'events.jsonl, checkpoints and proofs, gaps of the trail, retention and holds.',
      'zh-CN': 'events.jsonl、检查点与证明、记录缺口、保留与保全。',
    },
    query: '--phase admin',
    source: 'ISO/IEC 27001:2022',
    read: page('https://controlstack.au/controls/iso27001-annex-a-8-15-logging-of-activities-and-events/'),
  },
  {
    framework: ISO_27001,
    id: 'A.8.16',
    says: {
      en: 'Networks, systems and applications are monitored for anomalous behaviour, and possible incidents are evaluated.',
      'zh-CN': '监控网络、系统和应用的异常行为，并评估可能的安全事件。',
    },
    evidence: {
      en: 'Blocked requests by reason, AI outside the catalogue, untrusting clients, configuration changes.',
      'zh-CN': '按原因统计的阻止、目录之外的 AI、拒绝证书的客户端、配置变更。',
    },
    query: '--action block',
    source: 'ISO/IEC 27001:2022',
    read: page('https://assentriskmanagement.co.uk/insights-iso-270022022-control-8-16-monitoring-activities'),
  },
  {
    framework: SOC_2,
    id: 'CC6.1',
    says: {
      en: 'Logical access to protected information is restricted.',
      'zh-CN': '限制对受保护信息的逻辑访问。',
    },
    evidence: {
      en: 'Rules in force by user and group, decisions by tier, administrators’ actions.',
      'zh-CN': '按用户和组生效的规则、按级别的决策、管理员操作。',
    },
    query: '--tier prohibited',
    source: TSC,
    read: SOC_2_PAGE,
  },
  {
    framework: SOC_2,
    id: 'CC6.7',
    says: {
      en: 'Information is sent, moved and removed only by those who may, and is protected meanwhile.',
      'zh-CN': '仅允许获授权者传输、移动和移除信息，并在此过程中加以保护。',
    },
    evidence: {
      en: 'Redacted and blocked requests, findings, exceptions granted, coverage per tool.',
      'zh-CN': '脱敏和阻止的请求、发现、已授予的例外、各工具的覆盖情况。',
    },
    query: '--action redact --tier restricted',
    source: TSC,
    read: page('https://www.auditfront.com/frameworks/soc-2/common-criteria/cc6-7'),
  },
  {
    framework: SOC_2,
    id: 'CC7.2',
    says: {
      en: 'System components are watched for anomalies that point to malicious acts, disasters or errors.',
      'zh-CN': '监控系统组件中表明恶意行为、灾害或错误的异常。',
    },
    evidence: {
      en: 'Events per day, failures, AI outside the catalogue, untrusting clients.',
      'zh-CN': '每日事件、失败、目录之外的 AI、拒绝证书的客户端。',
    },
    query: '--phase tunnel --action block',
    source: TSC,
    read: SOC_2_PAGE,
  },
  {
    framework: SOC_2,
    id: 'CC7.3',
    says: {
      en: 'Security events are evaluated, and it is decided whether they are incidents.',
      'zh-CN': '评估安全事件并判断是否构成事故。',
    },
    evidence: {
      en: 'Findings of high severity, false positives reported and closed, administrators’ actions.',
      'zh-CN': '高严重度发现、误报的上报与关闭、管理员操作。',
    },
    query: '--phase admin --text feedback',
    source: TSC,
    read: page('https://www.auditfront.com/frameworks/soc-2/common-criteria/cc7-3'),
  },
  {
    framework: ISO_42001,
    id: 'A.6.2.8',
    says: {
      en: 'It is decided in which phases of an AI system event logs are kept; at least while it is in use.',
      'zh-CN': '确定在 AI 系统的哪些阶段保存事件日志，至少包括使用期间。',
    },
    evidence: {
      en: 'events.jsonl: one record per request and tunnel; coverage says what was not seen.',
      'zh-CN': 'events.jsonl：每个请求和隧道一条记录；覆盖情况说明未见部分。',
    },
    query: '--phase outcome',
    source: 'ISO/IEC 42001:2023',
    read: page('https://controlstack.au/controls/iso42001-annex-a-6-2-8-ai-system-recording-of-event-logs/'),
  },
  {
    framework: ISO_42001,
    id: 'A.9.2',
    says: {
      en: 'Processes for the responsible use of AI systems are defined and documented.',
      'zh-CN': '定义并记录负责任使用 AI 系统的流程。',
    },
    evidence: {
      en: 'Policy in force (policies/): tools by tier; exceptions with their approval.',
      'zh-CN': '生效的策略（policies/）：工具分级；例外及其批准。',
    },
    query: '--phase config',
    source: 'ISO/IEC 42001:2023',
    read: page('https://controlstack.au/controls/iso42001-annex-a-9-2-processes-for-responsible-use-of-ai-systems/'),
  },
  {
    framework: ISO_42001,
    id: 'A.10.3',
    says: {
      en: 'What suppliers provide is used in line with responsible development and use of AI.',
      'zh-CN': '对供应商所提供内容的使用符合负责任的 AI 开发与使用要求。',
    },
    evidence: {
      en: 'Requests by tool, host and model; unvetted relays and hosts outside the catalogue.',
      'zh-CN': '按工具、主机和模型统计的请求；未经审核的中转与目录之外的主机。',
    },
    query: '--tool unlisted',
    source: 'ISO/IEC 42001:2023',
    read: page('https://controlstack.au/controls/iso42001-annex-a-10-3-suppliers/'),
  },
  {
    framework: AI_ACT,
    id: 'Art. 12',
    says: {
      en: 'High-risk AI systems must technically allow events to be recorded automatically over their lifetime (a duty of their providers).',
      'zh-CN': '高风险 AI 系统在技术上须能在其生命周期内自动记录事件（提供者义务）。',
    },
    evidence: {
      en: 'Records of use made beside the system: when, by whom, with which tool and model. They do not replace the system’s own logs.',
      'zh-CN': '在系统之外产生的使用记录：何时、何人、何种工具和模型。不能取代系统自身的日志。',
    },
    query: '--phase outcome',
    source: AI_ACT_TEXT,
    read: AI_ACT_PAGE,
  },
  {
    framework: AI_ACT,
    id: 'Art. 26(5)',
    says: {
      en: 'Deployers of high-risk AI systems monitor their operation.',
      'zh-CN': '高风险 AI 系统的部署者监控其运行。',
    },
    evidence: {
      en: 'Events per day and tool, failures, findings, changes of rules.',
      'zh-CN': '按日和工具统计的事件、失败、发现、规则变更。',
    },
    query: '--action block',
    source: AI_ACT_TEXT,
    read: AI_ACT_PAGE,
  },
  {
    framework: AI_ACT,
    id: 'Art. 26(6)',
    says: {
      en: 'Deployers keep the logs of high-risk AI systems that are under their control for at least six months, unless other law says otherwise.',
      'zh-CN': '除法律另有规定外，部署者对其控制的高风险 AI 系统日志至少保存六个月。',
    },
    evidence: {
      en: 'First and last record, retention removals and holds in the administrators’ actions; audit.retentionDays in policies/.',
      'zh-CN': '首条与末条记录、管理员操作中的保留清除与保全；policies/ 中的 audit.retentionDays。',
    },
    query: '--phase admin --text retention',
    source: AI_ACT_TEXT,
    read: page('https://govcompass.ai/responsible-ai/art-26-6-log-retentie'),
  },
  {
    framework: CHINA,
    id: 'PIPL 第五十一条 / Art. 51',
    says: {
      en: 'Handlers of personal information take measures such as encryption and de-identification and prevent leakage, tampering and loss.',
      'zh-CN': '个人信息处理者采取加密、去标识化等措施，防止个人信息泄露、篡改、丢失。',
    },
    evidence: {
      en: 'Redacted personal data by detector, pseudonyms in the trail, privacy mode, proofs against tampering.',
      'zh-CN': '按检测器统计的脱敏、记录中的假名、隐私模式、防篡改证明。',
    },
    query: '--action redact',
    source: PIPL,
    read: page('https://wechat.estsglobal.com/wechat/law_contents/312'),
  },
  {
    framework: CHINA,
    id: 'PIPL 第五十四条 / Art. 54',
    says: {
      en: 'Handlers of personal information regularly audit their compliance with laws and regulations.',
      'zh-CN': '个人信息处理者定期对其处理个人信息遵守法律、行政法规的情况进行合规审计。',
    },
    evidence: {
      en: 'This pack as material of such an audit; erasures and re-identifications among the administrators’ actions.',
      'zh-CN': '本证据包可作为此类审计的材料；管理员操作中的删除与重新识别记录。',
    },
    query: '--phase admin',
    source: PIPL,
    read: page('https://gaopenglaw.com/content/details11_4852.html'),
  },
  {
    framework: CHINA,
    id: 'GB/T 22239-2019 安全审计 / security audit',
    says: {
      en: 'Not checked by us: no copy of the text could be opened. Its items on security audit are about what audit records hold and how they are protected.',
      'zh-CN': '我们未能核对原文。其“安全审计”条款涉及审计记录的内容及其保护。',
    },
    evidence: {
      en: 'Fields of events.jsonl (time, who, phase, action, status), checkpoints and proofs.',
      'zh-CN': 'events.jsonl 的字段（time、who、phase、action、status）、检查点与证明。',
    },
    query: '--phase outcome',
    source: 'GB/T 22239-2019',
    read: null,
  },
]
