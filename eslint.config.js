import tseslint from 'typescript-eslint';

// Purity of time and randomness: core code takes `now` (and a random source) as an argument. Shell files may read the real ones.
const SHELL = [
  '**/*.module.ts', '**/*.controller.ts', '**/*.job.ts', '**/*.guard.ts', '**/*.filter.ts', '**/*.worker.ts',
  'src/**/{duckdb,slack,memory,fs,http,grpc,system,otel,prometheus}-*.ts',
  'src/cli/**', 'src/ui/**', 'agent/**/{fs,http,grpc,system}-*.ts', 'agent/main.ts', '**/*.test.ts', '**/*.contract.ts', 'test/**', 'bench/**', 'demo/**',
];

const IMPURE = [
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: 'Core takes now as an argument.' },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Core takes now as an argument.' },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'Core takes a random source as an argument.' },
  { selector: "MemberExpression[object.name='process'][property.name='env']", message: 'Only config reads the environment.' },
  { selector: "CallExpression[callee.name=/^set(Timeout|Interval|Immediate)$/]", message: 'Timers belong to a shell file.' },
];
const ALWAYS = [
  { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
  { selector: 'ExportAllDeclaration', message: 'No barrels: export names where they are declared.' },
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
];

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.cache/**', 'data/**', '**/*.js', 'docs/**'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-extraneous-class': 'off',
      // Nest types its options as classes and is handed literals everywhere.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/prefer-nullish-coalescing': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      'max-params': ['error', 3],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...ALWAYS, ...IMPURE],
    },
  },
  { files: SHELL, rules: { 'no-restricted-syntax': ['error', ...ALWAYS] } },
  {
    files: ['**/*.test.ts', '**/*.contract.ts', 'test/**', 'bench/**', 'demo/**', 'vitest*.config.ts'],
    rules: {
      'max-lines-per-function': 'off',
      'no-restricted-syntax': 'off',
      'no-console': 'off',
      'max-params': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  { files: ['**/*.controller.ts', '**/*.module.ts', '**/*.guard.ts', '**/*.filter.ts', '**/*.job.ts'], rules: { '@typescript-eslint/require-await': 'off' } },
);
