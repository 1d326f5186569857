/** Measures dist/ as WeChat does: the sum of the files in the main package. Fails above the limit. */

import fs from 'node:fs'
import path from 'node:path'
import { DIST, files } from './tree'

const LIMIT_KB = 500

const sizes = files(DIST).map(file => ({ file, bytes: fs.statSync(path.join(DIST, file)).size }))
const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0) / 1024
const largest = sizes
  .sort((a, b) => b.bytes - a.bytes)
  .slice(0, 3)
  .map(({ file, bytes }) => `${file} ${(bytes / 1024).toFixed(1)}`)
console.log(`main package ${total.toFixed(1)} KB of ${LIMIT_KB} KB, ${sizes.length} files; largest: ${largest.join(', ')}`)
if (total > LIMIT_KB) process.exit(1)
