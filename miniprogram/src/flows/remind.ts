/** «提醒我», with what it says on screen. Must be the first call of a tap's handler: WeChat asks only inside a tap. */

import type { Outcome } from '../state/reminders'
import type { Stage } from '../state/stage'
import { fill } from '../words/fill'
import { confirmed, toast } from './ask'

/** Returns whether the guest will be told. */
export async function remind(stage: Stage, albumId: string, templates: readonly string[]): Promise<boolean> {
  const outcome = await stage.reminders.ask(albumId, templates)
  const words = stage.language.words
  if (outcome.kind === 'off') {
    const { off, offHint, toSettings } = words.remind
    const yes = await confirmed({ title: off, content: offHint, yes: toSettings, no: words.any.cancel })
    if (yes) void wx.openSetting({})
    return false
  }
  toast(said(outcome, words.remind))
  return outcome.kind === 'on' || outcome.kind === 'owed'
}

function said(outcome: Outcome, words: Stage['language']['words']['remind']): string {
  switch (outcome.kind) {
    case 'on':
      return 'left' in outcome && outcome.left > 0 ? fill(words.done, { n: outcome.left }) : words.doneOnce
    case 'owed':
      return words.doneOnce
    case 'no':
      return words.rejected
    case 'unsupported':
      return words.unsupported
    default:
      return words.failed
  }
}
