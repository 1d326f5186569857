/** What differs between installations, as constants for `src/config.ts`. */

import fs from 'node:fs'
import path from 'node:path'
import { ROOT } from './tree'

export interface Installation {
  api: string
  demo: string
}

/** What `config.ts` is filled with. */
export function defines({ api, demo }: Installation): Record<string, string> {
  const { version } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string }
  const address = new URL(api)
  if (address.protocol !== 'https:' && address.hostname !== '127.0.0.1') throw new Error(`${api}: WeChat asks for https`)
  return {
    __API_URL__: JSON.stringify(address.origin),
    __DEMO_SCENE__: JSON.stringify(demo),
    __VERSION__: JSON.stringify(version),
  }
}
