// The floors of the house: imports go downward only. docs/request-life.md draws them.
const floors = {
  domain: '^src/domain/',
  wire: '^src/wire/',
  dialects: '^src/dialects/',
  rules: '^src/(catalogue|policy|inspect|notice|discover)/',
  flow: '^src/flow/',
  adapters: '^src/(edge|upstream|ca|audit|config|observe|identity|scan-pool|state)/',
  control: '^src/(control|console)/',
  wiring: '^src/(app\\.ts|main\\.ts|cli/)',
}
const above = (...names) => names.map((name) => floors[name]).join('|')
const allowedBuiltIns = '^(node:)?(buffer|zlib|crypto)$'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'domain-imports-only-itself',
      severity: 'error',
      from: { path: floors.domain },
      to: { pathNot: floors.domain },
    },
    {
      name: 'wire-stays-low',
      severity: 'error',
      from: { path: floors.wire },
      to: { path: above('dialects', 'rules', 'flow', 'adapters', 'control', 'wiring') },
    },
    {
      name: 'dialects-stay-low',
      severity: 'error',
      from: { path: floors.dialects },
      to: { path: above('rules', 'flow', 'adapters', 'control', 'wiring') },
    },
    {
      name: 'rules-stay-low',
      severity: 'error',
      from: { path: floors.rules },
      to: { path: above('flow', 'adapters', 'control', 'wiring') },
    },
    ...['catalogue', 'policy', 'inspect', 'notice', 'discover'].map((folder) => ({
      name: `${folder}-knows-no-other-rule-folder`,
      severity: 'error',
      from: { path: `^src/${folder}/` },
      to: { path: floors.rules, pathNot: `^src/${folder}/` },
    })),
    {
      name: 'pure-floors-do-no-io',
      severity: 'error',
      from: { path: above('wire', 'dialects', 'rules') },
      to: { dependencyTypes: ['core'], pathNot: allowedBuiltIns },
    },
    {
      name: 'wire-and-dialects-use-no-packages',
      severity: 'error',
      from: { path: above('wire', 'dialects') },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer'] },
    },
    {
      name: 'rules-use-only-named-packages',
      severity: 'error',
      from: { path: floors.rules },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer'],
        pathNot: 'node_modules/(zod|tldts|ipaddr\\.js|libphonenumber-js|lru-cache)/',
      },
    },
    {
      name: 'flow-takes-effects-through-ports',
      severity: 'error',
      from: { path: floors.flow },
      to: { pathNot: above('domain', 'wire', 'dialects', 'rules', 'flow') },
    },
    {
      name: 'only-edge-runs-flows',
      severity: 'error',
      from: { path: floors.adapters, pathNot: '^src/edge/' },
      to: { path: floors.flow, pathNot: '^src/flow/ports\\.ts$' },
    },
    {
      name: 'adapters-stay-low',
      severity: 'error',
      from: { path: floors.adapters },
      to: { path: above('control', 'wiring') },
    },
    ...['edge', 'upstream', 'ca', 'audit', 'config', 'observe', 'identity', 'scan-pool', 'state'].map((folder) => ({
      name: `${folder}-knows-no-other-adapter`,
      severity: 'error',
      from: { path: `^src/${folder}/` },
      to: { path: floors.adapters, pathNot: `^src/${folder}/|^src/observe/log-fields\\.ts$` },
    })),
    {
      name: 'control-never-touches-flows',
      severity: 'error',
      from: { path: floors.control },
      to: { path: above('flow', 'adapters', 'wiring') },
    },
    {
      name: 'nothing-imports-the-wiring',
      severity: 'error',
      from: { pathNot: floors.wiring },
      to: { path: floors.wiring },
    },
    ...[
      ['node-forge', '^src/ca/'],
      ['http-proxy', '^src/upstream/'],
      ['undici', '^src/upstream/'],
      ['pino', '^src/observe/'],
      ['pdfmake', '^src/audit/report/'],
      ['yazl', '^src/audit/report/'],
      ['lru-cache', '^src/(ca/leaf-cache|inspect/memo|inspect/vault|policy/decision-cache)\\.ts$'],
    ].map(([name, home]) => ({
      name: `${name}-has-one-home`,
      severity: 'error',
      from: { path: '^src/', pathNot: home },
      to: { path: `node_modules/${name}/` },
    })),
    { name: 'no-tests-in-src', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|bench)/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
