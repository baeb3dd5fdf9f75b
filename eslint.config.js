// The linter: typescript-eslint's strict rules without types (the compilers hold the types), and the few typed rules that
// catch what they cannot: a promise nobody waits for, an await of nothing. Formatting is Prettier's.
import svelte from 'eslint-plugin-svelte'
import globals from 'globals'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript-eslint'

const tsconfigRootDir = dirname(fileURLToPath(import.meta.url))

export default ts.config(
  { ignores: ['dist', 'node_modules', '.gpu', 'public', 'test/fixtures', 'test/e2e/screenshots'] },
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'no-param-reassign': 'off',
      'object-shorthand': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
      '@typescript-eslint/no-explicit-any': 'error',
      // `w('name')!` after a table said that the name is there; noUncheckedIndexedAccess makes it common in numeric loops.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'test/**/*.ts'],
    ignores: ['**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { project: ['./tsconfig.json', './tsconfig.engine.json', './tsconfig.ui.json'], tsconfigRootDir },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  // Command-line programs talk on the console.
  { files: ['src/headless/**', 'test/*.mjs', 'test/bench/**'], rules: { 'no-console': 'off' } },
)
