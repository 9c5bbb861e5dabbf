/**
 * The operational log's vocabulary: every event and every field with its meaning, once, so that IT can build searches
 * and alarms on it. A test holds the program to it. A field never carries a body, a header value or a query.
 */

/** Event names (the `event` of a line) and when they are written. Constant text, `folder.what`. */
export const LOG_EVENTS = {
  'app.close-failed': 'something could not be closed properly when the process ended or could not start',
  'app.listening': 'the proxy and the admin port listen; written once per start',
  'app.fault': 'something was thrown that nobody caught; the process stops in order',
  'app.tls-reload-refused': 'certificates of the proxy port could not be read again; those in force stay',
  'app.reload-failed': 'a reload ended by a fault of the program; what was in force stays',
  'audit.event-lost': 'a record could not be kept: disk and memory are full',
  'audit.events-lost-at-close': 'records were still waiting for the disk when the process ended',
  'audit.intent-failed': 'an intent record could not be written; the tier decides what happens to the request',
  'audit.store-failed': 'the event store does not work; the event files are not affected',
  'audit.tail-repaired': 'a half written last line was found at start and cut off',
  'audit.write-failed': 'event files cannot be written; records wait in memory',
  'audit.write-recovered': 'event files can be written again',
  'ca.mint-failed': 'no certificate could be made for a host',
  'ca.reload-refused': 'the CA on disk is not usable; the one in memory stays',
  'config.archive-failed':
    'the text of what took effect could not be kept for evidence packs; it is in force all the same',
  'config.refused': 'changed rules or configuration are not usable; the old ones stay',
  'config.reloaded': 'changed rules or configuration took effect',
  'config.watch-failed': 'a folder cannot be watched for changes; SIGHUP still reloads',
  'control.failed': 'the admin port could not answer; `id` stands in the answer',
  'control.refused': 'the admin port refused a request: network, host, token or input',
  'edge.client-refused': 'a connection or request of a client was refused',
  'edge.exchange-fault': 'an exchange ended by a fault of the program',
  'edge.identity-fault': 'who asks could not be found out, by a fault of the program',
  'edge.listener-fault': 'a listening socket reported an error',
  'edge.stray-connection': 'a connection that names no destination or proves no client was ended; `code` says why',
  'edge.upgrade-fault': 'an upgrade ended by a fault of the program',
  'flow.message-fault': 'a message of a WebSocket ended by a fault of the program',
  'flow.restore-miss': 'an answer held a placeholder whose value is not known; the client got the placeholder',
  'identity.credential-refused': 'a proxy token or another credential was wrong',
  'identity.directory-failed': 'the LDAP directory does not answer; groups that are known still count',
  'identity.token-deeds-failed': 'what `weir token` did could not be brought into the records; it is tried again',
  'identity.unavailable': 'a source of identity does not answer',
  'inspect.thread-lost': 'a thread that reads large bodies died or hung; another takes its place',
} as const

/** Field names of log lines and what they hold. */
export const LOG_FIELDS = {
  admin: 'address of the admin port',
  bytes: 'size in bytes',
  client: 'client address',
  code: 'code of docs/errors.md, or of the operating system',
  detail: 'what exactly, without personal data',
  err: 'an error: type, code, message and stack, scrubbed',
  event: 'id of an audit record',
  file: 'path of a file',
  first: 'kind of the first bytes: tls, http or bytes',
  flow: 'flow id (ULID), the same as in audit events and notices',
  folder: 'folder of a file',
  from: 'revision before',
  host: 'destination host',
  id: 'short id of a fault; the answer shows it',
  lost: 'how many records',
  mode: 'what the tier does when audit fails: open, spool or closed',
  phase: 'phase of an audit record',
  problems: 'what is wrong with a file: file, line, path, message',
  proxy: 'addresses of the proxy',
  status: 'HTTP status',
  to: 'revision after',
  what: 'what was loaded: rules, policy, catalogue …',
} as const
