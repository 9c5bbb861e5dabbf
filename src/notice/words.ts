/** Words of Weir's own that notices need beside the texts of `rules/notices/`, per language. */
import type { UnreadReason } from '../domain/finding.ts'
import type { Language } from '../domain/notice.ts'

interface Words {
  /** How to ask when neither `notice.askUrl` nor `notice.contact` is set. */
  readonly ask: string
  /** Label of the link on the block page. */
  readonly askLink: string
  readonly event: string
  readonly listComma: string
  /** Between a reason and what was found. */
  readonly colon: string
  /** What stands for {reason} when IT gave no reason of its own; by reason code of the decision. */
  readonly reasons: Readonly<Record<string, string>>
  readonly otherReason: string
  /** Behind the reason `unreadable`: why, and what the sender may do. */
  readonly unread: Readonly<Partial<Record<UnreadReason, string>>>
}

export const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    ask: 'ask your IT department',
    askLink: 'Ask for access',
    event: 'Event',
    listComma: ', ',
    colon: ': ',
    reasons: {
      'tier-prohibited': 'not permitted here',
      unlisted: 'an AI service that is not in the catalogue',
      rule: 'a rule of your company',
      finding: 'the request holds sensitive data',
      uneditable: 'the request holds sensitive data where it cannot be removed',
      'unknown-history': 'it goes on from an answer that is not known here',
      unreadable: 'the request cannot be inspected',
      'unnamed-path': 'an address of this tool that is not known',
      'tenant-restriction': 'only with the account of your company',
      doh: 'names are resolved by your company',
      'upgrade-unreadable': 'this connection cannot be inspected',
    },
    otherReason: 'company policy',
    unread: {
      timeout: 'it takes too long to read; send less in one request',
      oversize: 'it is too large; send less in one request',
      unparsable: 'it is malformed, or has too many parts; send less in one request',
      'decode-limit': 'decompressed it is too large; send less in one request',
      'unknown-coding': 'its compression is not known; send it uncompressed',
      binary: 'it holds no text that can be read',
      'detector-fault': 'the inspection failed; tell your IT department',
    },
  },
  'zh-CN': {
    ask: '请联系您的 IT 部门',
    askLink: '申请使用',
    event: '事件',
    listComma: '、',
    colon: '：',
    reasons: {
      'tier-prohibited': '此处不允许使用',
      unlisted: '未登记的 AI 服务',
      rule: '公司规则',
      finding: '请求中含有敏感数据',
      uneditable: '请求中含有无法移除的敏感数据',
      'unknown-history': '请求接续的是此处未知的回答',
      unreadable: '无法检查该请求',
      'unnamed-path': '该工具的未知地址',
      'tenant-restriction': '仅限使用公司账户',
      doh: '域名须由公司解析',
      'upgrade-unreadable': '无法检查该连接',
    },
    otherReason: '公司策略',
    unread: {
      timeout: '读取耗时过长，请减少单次请求的内容',
      oversize: '请求过大，请减少单次请求的内容',
      unparsable: '请求格式有误或部分过多，请减少单次请求的内容',
      'decode-limit': '解压后过大，请减少单次请求的内容',
      'unknown-coding': '压缩方式未知，请以未压缩方式发送',
      binary: '其中没有可读取的文本',
      'detector-fault': '检查失败，请联系您的 IT 部门',
    },
  },
}
