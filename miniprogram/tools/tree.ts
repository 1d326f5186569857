/** The source tree as the tools see it: files, pages, components, and what uses what. */

import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
export const SRC = path.join(ROOT, 'src')
export const DIST = path.join(ROOT, 'dist')

interface AppConfig {
  pages: string[]
}

export interface UnitConfig {
  component?: boolean
  usingComponents?: Record<string, string>
  onReachBottomDistance?: number
  enablePullDownRefresh?: boolean
}

/** Paths under `dir`, relative, with forward slashes, sorted. */
export function files(dir: string = SRC): string[] {
  const all = fs.readdirSync(dir, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  return all.map(entry => path.relative(dir, path.join(entry.parentPath, entry.name)).split(path.sep).join('/')).sort()
}

export function text(file: string): string {
  return fs.readFileSync(path.join(SRC, file), 'utf8')
}

export function pages(): string[] {
  return (JSON.parse(text('app.json')) as AppConfig).pages
}

/** Pages and components: everything with a WXML, without its suffix. */
export function units(): string[] {
  return files()
    .filter(file => file.endsWith('.wxml'))
    .map(file => file.slice(0, -'.wxml'.length))
}

export function configOf(unit: string): UnitConfig {
  return JSON.parse(text(`${unit}.json`)) as UnitConfig
}
