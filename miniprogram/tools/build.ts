/**
 * Writes dist/, which the WeChat IDE and miniprogram-ci upload: every TypeScript file by itself as CommonJS, the rest as
 * it is. Nothing is bundled: WeChat loads files one by one and injects what a page needs only.
 *
 *   npm run build -- --api https://photos.example.com --demo 'e=CODE&f=l'
 */

import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { buildSync } from 'esbuild'
import { defines, type Installation } from './installation'
import { DIST, files, SRC } from './tree'

function build(installation: Installation): void {
  fs.rmSync(DIST, { recursive: true, force: true })
  const all = files()
  const scripts = all.filter(file => file.endsWith('.ts'))
  buildSync({
    entryPoints: scripts.map(file => path.join(SRC, file)),
    outdir: DIST,
    outbase: SRC,
    format: 'cjs',
    target: 'es2018',
    platform: 'neutral',
    charset: 'utf8',
    define: defines(installation),
  })
  for (const file of all.filter(name => !name.endsWith('.ts'))) {
    fs.mkdirSync(path.dirname(path.join(DIST, file)), { recursive: true })
    fs.copyFileSync(path.join(SRC, file), path.join(DIST, file))
  }
}

const { values } = parseArgs({
  options: { api: { type: 'string', default: 'https://photos.example.com' }, demo: { type: 'string', default: '' } },
})
build(values)
