/**
 * Checks every WXML: it compiles, its expressions fit the types of the page's data, its handlers exist, the properties
 * it gives to components are theirs.
 *
 * glass-easel turns a template into TypeScript that reads `data`, `methods` and `tags`; each unit exports the types
 * `Data`, `Methods` and, for components, `Props`, and `tsc` compares. Then: every component a template names is declared
 * in its JSON, and every page of app.json is there.
 */

import { createRequire } from 'node:module'
import path from 'node:path'
import ts from 'typescript'
import { configOf, pages, ROOT, SRC, text, units } from './tree'

const require = createRequire(import.meta.url)

interface Warning {
  message: string
  isError: boolean
  startLine: number
}

interface Compiler {
  TmplGroup: new () => {
    addTmpl(path: string, source: string): Warning[]
    getTmplConvertedExpr(path: string, environment: string): {
      code(): string | undefined
      getSourceLocation(line: number, column: number, endLine: number, endColumn: number): Uint32Array | undefined
    }
  }
}

const BUILT_IN = new Set(
  'view text image button block slot scroll-view swiper swiper-item movable-area movable-view input textarea'.split(' '),
)
/** What any component takes besides its own properties. */
const ON_EVERY_TAG = "'id' | 'class' | 'style' | 'hidden'"

const compiler = require('glass-easel-template-compiler') as Compiler
const problems: string[] = []
const converted = new Map<string, { code: string; locate(line: number, column: number): string }>()

function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** Types of the tags a template may use: a component's own properties, anything for what WeChat brings. */
function tagTypes(unit: string): string {
  const using = Object.entries(configOf(unit).usingComponents ?? {})
  for (const tag of new Set(Array.from(text(`${unit}.wxml`).matchAll(/<([a-z][a-z-]*)/g), found => found[1] ?? ''))) {
    if (!BUILT_IN.has(tag) && !using.some(([name]) => name === tag)) problems.push(`${unit}.wxml: <${tag}> is not in usingComponents`)
  }
  for (const [name] of using) {
    if (!text(`${unit}.wxml`).includes(`<${name}`)) problems.push(`${unit}.json: ${name} is declared and not used`)
  }
  const own = using.map(([name, file]) => {
    const type = `import('${path.join(SRC, file)}').Props`
    return `'${name}': ${type} & { [K in ${ON_EVERY_TAG}]?: string | boolean };`
  })
  return `{ ${own.join(' ')} } & { [K in '${Array.from(BUILT_IN).join("' | '")}']: any }`
}

function environment(unit: string): string {
  const self = `import('${path.join(SRC, unit)}')`
  const data = configOf(unit).component ? `${self}.Data & ${self}.Props` : `${self}.Data`
  return [
    `declare const data: ${data};`,
    `declare const tags: ${tagTypes(unit)};`,
    `declare const methods: ${self}.Methods;`,
    `type _Handler_ = ((...said: never[]) => unknown) | keyof ${self}.Methods | '';`,
  ].join('\n')
}

function convert(unit: string): void {
  const group = new compiler.TmplGroup()
  for (const warning of group.addTmpl(unit, text(`${unit}.wxml`))) {
    problems.push(`${unit}.wxml:${warning.startLine + 1}: ${warning.message}`)
  }
  const expression = group.getTmplConvertedExpr(unit, environment(unit))
  const code = expression.code()
  if (code === undefined) {
    problems.push(`${unit}.wxml: no expressions came out`)
    return
  }
  converted.set(path.join(ROOT, 'wxml', `${unit.replaceAll('/', '.')}.ts`), {
    // an event may name its handler by an expression; the template compiler wants a function only
    code: `${fitted(code)}\nexport {};`,
    locate: (line, column) => {
      const at = expression.getSourceLocation(line, column, line, column + 1)
      return `${unit}.wxml${at ? `:${(at[0] ?? 0) + 1}:${(at[1] ?? 0) + 1}` : ''}`
    },
  })
}

/** Lists may be readonly, handlers may be named by an expression, properties are camel case. */
function fitted(code: string): string {
  const lists = code.replace('T extends any[]', 'T extends readonly any[]').replace('T extends (infer', 'T extends readonly (infer')
  const named = lists.replace(/_event_:Function/g, '_event_:_Handler_')
  return named.replace(/_tag_\.([a-z][a-z0-9]*(?:-[a-z0-9]+)+)/g, (_, name: string) => `_tag_.${camel(name)}`)
}

function typeCheck(): void {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.base.json'), file => ts.sys.readFile(file)) as {
    config: { compilerOptions: ts.CompilerOptions }
  }
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      ...config.compilerOptions,
      target: 'es2018',
      lib: ['es2018'],
      types: ['miniprogram-api-typings'],
      isolatedModules: false,
      verbatimModuleSyntax: false,
      noUnusedLocals: false,
      noImplicitAny: true,
    },
    ROOT,
  )
  const host = ts.createCompilerHost(options)
  const disk = ts.createCompilerHost(options)
  host.getSourceFile = (name, ...rest) => {
    const found = converted.get(name)
    return found ? ts.createSourceFile(name, found.code, ts.ScriptTarget.ES2018) : disk.getSourceFile(name, ...rest)
  }
  host.fileExists = name => converted.has(name) || disk.fileExists(name)
  host.readFile = name => converted.get(name)?.code ?? disk.readFile(name)
  const program = ts.createProgram(Array.from(converted.keys()), options, host)
  for (const found of ts.getPreEmitDiagnostics(program)) {
    const message = ts.flattenDiagnosticMessageText(found.messageText, '\n  ')
    const unit = found.file && converted.get(found.file.fileName)
    if (!unit || found.file === undefined) {
      problems.push(`${found.file?.fileName ?? ''}: ${message}`)
      continue
    }
    const { line, character } = found.file.getLineAndCharacterOfPosition(found.start ?? 0)
    problems.push(`${unit.locate(line, character)}: ${message}`)
  }
}

for (const unit of units()) convert(unit)
for (const page of pages()) if (!units().includes(page)) problems.push(`app.json: ${page} is not there`)
for (const unit of units()) {
  if (!configOf(unit).component && !pages().includes(unit)) problems.push(`${unit}: a page that app.json does not name`)
}
typeCheck()
for (const problem of problems) console.error(problem)
console.log(`${converted.size} templates, ${problems.length} problems`)
process.exit(problems.length > 0 ? 1 : 0)
