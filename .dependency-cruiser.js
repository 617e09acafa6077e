import { STAGES, SHELL_FILE } from './stages.js';

const leftToRight = STAGES.slice(0, -1).map((stage, index) => ({
  name: `left-to-right-${stage}`,
  comment: `src/${stage} may import only itself and the stages to its left (stages.js). Move the line to the stage it belongs to, or declare a port where it is consumed.`,
  severity: 'error',
  from: { path: `^src/${stage}/`, pathNot: '\\.test\\.ts$' },
  to: { path: `^src/(${STAGES.slice(index + 1).join('|')})/` },
}));

export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    ...leftToRight,
    {
      name: 'core-is-pure',
      comment: 'Core takes now and data, and returns data. Put the side effect into a shell file (stages.js names them).',
      severity: 'error',
      from: { path: '^(src|agent)/', pathNot: SHELL_FILE },
      to: { path: ['^node:?(fs|net|http|https|http2|child_process|worker_threads|dns)', '^(fs|net|http|https|http2|child_process|worker_threads|dns)(/|$)', '@nestjs/', '@duckdb/', '@slack/', '@grpc/', 'rxjs'] , dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'service-agent-split',
      comment: 'The service and the agent speak OTLP only.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^agent/' },
    },
    {
      name: 'agent-takes-rules-and-words',
      comment: 'The agent shares what is pure: the vocabulary, the checking of documents, and redaction. Everything else of the service stays out of it.',
      severity: 'error',
      from: { path: '^agent/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(lib|trace)/|^src/config/(redaction|load-rules|rule-|fs-rules)[^/]*\\.ts$|^src/ingest/(redact|detect|route-template|shared-owners|value-map)[^/]*\\.ts$' },
    },
    { name: 'not-to-test', severity: 'error', from: { path: '^(src|agent)/', pathNot: '\\.test\\.ts$' }, to: { path: ['^test/', '\\.test\\.ts$'] } },
    { name: 'not-to-dev-dep', severity: 'error', from: { path: '^(src|agent)/', pathNot: '\\.(test|contract)\\.ts$' }, to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] } },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
