// The stages of src/, in the order of docs/architecture.md. A file imports its own stage or one to its left, never the right.
// ESLint, dependency-cruiser and test/tidy read this one list.
export const STAGES = [
  'lib', 'access', 'config', 'trace', 'ingest', 'sli', 'store', 'sampling', 'budget', 'signature', 'diagnosis',
  'incident', 'runbook', 'notify', 'pipeline', 'query', 'report', 'ui', 'cli',
];

// Shell files hold the side effects: Nest wiring, sockets, files, threads, foreign clients. Everything else is core and stays pure.
export const SHELL_FILE =
  '(\\.(module|controller|job|guard|filter|worker)\\.ts$|/(duckdb|slack|memory|fs|http|grpc|smtp|system|otel|prometheus)-[^/]*\\.ts$|^src/(cli|ui)/|^agent/main\\.ts$|\\.test\\.ts$|\\.contract\\.ts$)';
