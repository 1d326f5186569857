import ts from 'typescript-eslint'

/** Who may know whom, from the ground up; types may be read by everybody. */
const LAYERS = ['lib', 'words', 'services', 'state', 'flows', 'components', 'pages']
const MAY_KNOW = {
  lib: [],
  words: ['services'], // `trouble` puts the platform's refusals into words
  services: ['lib'],
  state: ['lib', 'words', 'services'],
  flows: ['lib', 'words', 'services', 'state'],
  components: ['lib'],
  pages: ['lib', 'words', 'services', 'state', 'flows', 'components'],
}

const layers = LAYERS.map(layer => ({
  files: [`src/${layer}/**/*.ts`],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: LAYERS.filter(other => other !== layer && !MAY_KNOW[layer].includes(other)).map(other => ({
          group: [`**/${other}/*`, `**/${other}/**`],
          message: `${layer} does not know ${other}`,
          allowTypeImports: true,
        })),
      },
    ],
  },
}))

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'eslint.config.mjs'] },
  ts.configs.strictTypeChecked,
  ts.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: ['./tsconfig.json', './tsconfig.tools.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      'max-lines': ['error', 400],
      'max-params': ['error', 6],
      complexity: ['error', 10],
      'no-restricted-globals': ['error', 'window', 'document', 'fetch', 'localStorage'],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  ...layers,
  {
    files: ['tests/**/*.ts'], // node:test's own promises, and properties that compare everything with everything
    rules: { '@typescript-eslint/no-floating-promises': 'off', complexity: 'off' },
  },
  {
    files: ['tools/**/*.ts', 'tests/**/*.ts'],
    rules: { 'no-restricted-globals': 'off' },
  },
)
