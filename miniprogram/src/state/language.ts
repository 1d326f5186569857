/** The language of every page; changing it changes the pages that are open, without a reload. */

import { News } from '../lib/news'
import { en } from '../words/en'
import { zh, type Words } from '../words/zh'
import { Kept } from './kept'

export type Tongue = 'zh' | 'en'

export class Language {
  readonly news = new News<Words>()
  private readonly kept = new Kept<{ tongue: Tongue | null }>('language', { tongue: null }, found => 'tongue' in found)

  get tongue(): Tongue {
    return this.kept.get().tongue ?? ofPhone()
  }

  get words(): Words {
    return this.tongue === 'zh' ? zh : en
  }

  choose(tongue: Tongue): void {
    this.kept.set({ tongue })
    this.news.tell(this.words)
  }
}

function ofPhone(): Tongue {
  return wx.getAppBaseInfo().language.startsWith('zh') ? 'zh' : 'en'
}
