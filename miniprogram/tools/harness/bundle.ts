/**
 * The mini-program as one HTML page that runs in Chromium: real templates, styles and scripts, glass-easel in place of
 * WeChat's engine, `wx` from `phone/`. What is loaded is what is written in src/; nothing is mocked between them.
 *
 *   npm run harness -- --api http://127.0.0.1:8080 --out /tmp/guest.html [--demo 'e=CODE&f=l']
 */

import { createRequire } from 'node:module'
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { defines } from '../installation'
import { configOf, files, pages, ROOT, SRC, text, units } from '../tree'
import { BUILT_IN_TEMPLATES } from './phone/templates'
import { css, scopeOf } from './styles'

const require = createRequire(import.meta.url)

interface Group {
  addTmpl(path: string, source: string): { message: string; isError: boolean }[]
  getTmplGenObjectGroups(): string
}

/** Tags the browser would treat in its own way. */
const RENAMED = /(<\/?)(image|input|textarea|button|swiper|swiper-item|movable-area|movable-view|scroll-view)(?=[\s/>])/g

function templates(): string {
  const { TmplGroup } = require('glass-easel-template-compiler') as { TmplGroup: new () => Group }
  const group = new TmplGroup()
  for (const [tag, source] of Object.entries(BUILT_IN_TEMPLATES)) group.addTmpl(`built-in/${tag}`, source)
  for (const unit of units()) {
    const source = text(`${unit}.wxml`).replace(RENAMED, '$1wx-$2')
    for (const { message, isError } of group.addTmpl(unit, source)) {
      if (isError) throw new Error(`${unit}.wxml: ${message}`)
    }
  }
  return group.getTmplGenObjectGroups()
}

function sheets(): Record<string, string> {
  const found = files().filter(file => file.endsWith('.wxss') && file !== 'app.wxss')
  return Object.fromEntries(
    found.map(file => {
      const unit = file.slice(0, -'.wxss'.length)
      return [unit, css(text(file), file, configOf(unit).component ? scopeOf(unit) : null)]
    }),
  )
}

function entry(): string {
  const all = units()
  const components = all.filter(unit => configOf(unit).component)
  const parts = {
    pages: pages(),
    configs: Object.fromEntries(all.map(unit => [unit, configOf(unit)])),
    scopes: Object.fromEntries(components.map(unit => [unit, scopeOf(unit).prefix])),
    sheets: sheets(),
    appSheet: css(text('app.wxss'), 'app.wxss', null),
  }
  const loaders = [...components, ...parts.pages].map(
    unit => `${JSON.stringify(unit)}: () => require(${JSON.stringify(path.join(SRC, unit))})`,
  )
  return `
    import { start } from ${JSON.stringify(path.join(ROOT, 'tools/harness/phone/phone.ts'))}
    start({
      ...${JSON.stringify(parts)},
      templates: ${templates()},
      app: () => require(${JSON.stringify(path.join(SRC, 'app.ts'))}),
      units: { ${loaders.join(', ')} },
    })`
}

async function bundle(api: string, demo: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: entry(), resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2020',
    charset: 'utf8',
    define: defines({ api, demo }),
    logLevel: 'warning',
  })
  const script = outputFiles[0]?.text.replace(/<\/script/g, '<\\/script') ?? ''
  const sheet = fs.readFileSync(path.join(ROOT, 'tools/harness/phone/phone.css'), 'utf8')
  return `<!doctype html><html lang="zh"><meta charset="utf-8"><title>快门</title>
<meta name="viewport" content="width=device-width, viewport-fit=cover"><style>${sheet}</style><body><script>${script}</script>`
}

const { values } = parseArgs({
  options: { api: { type: 'string' }, demo: { type: 'string', default: '' }, out: { type: 'string' } },
})
if (!values.api || !values.out) throw new Error('--api <address of the platform> and --out <file> are needed')
fs.mkdirSync(path.dirname(values.out), { recursive: true })
fs.writeFileSync(values.out, await bundle(values.api, values.demo))
