/**
 * «提醒我»: ask WeChat for one message more per template, then tell the platform what the guest said.
 *
 * WeChat allows the question only as the first thing inside a tap, so `askInWeChat` must be the first call of the
 * handler, before anything that waits.
 */

import type { Api } from './api'
import type { Left } from './wire'

/** Older phones refuse four and more at once. */
const MOST = 3
const SWITCHED_OFF = 20004

export type Reply =
  | { readonly kind: 'answered'; readonly results: Readonly<Record<string, string>> }
  | { readonly kind: 'off' } // the guest switched all notifications off in WeChat
  | { readonly kind: 'unsupported' }
  | { readonly kind: 'failed'; readonly why: string }

export function askInWeChat(templates: readonly string[]): Promise<Reply> {
  const tmplIds = templates.slice(0, MOST)
  return new Promise(resolve => {
    if (!wx.canIUse('requestSubscribeMessage') || tmplIds.length === 0) {
      resolve({ kind: 'unsupported' })
      return
    }
    wx.requestSubscribeMessage({
      tmplIds,
      success: said => {
        resolve({ kind: 'answered', results: resultsIn(said, tmplIds) })
      },
      fail: said => {
        resolve(said.errCode === SWITCHED_OFF ? { kind: 'off' } : { kind: 'failed', why: said.errMsg })
      },
    })
  })
}

export function accepted(reply: Reply): boolean {
  return reply.kind === 'answered' && Object.values(reply.results).some(word => word.startsWith('accept'))
}

/**
 * Returns how many messages the guest still allows, over all templates. `tap` names the tap: said again, because an
 * answer was lost, it counts once. Raises Refused, NoAnswer.
 */
export async function allowMessages(
  api: Api,
  albumId: string,
  results: Readonly<Record<string, string>>,
  tap: string,
): Promise<number> {
  let left = 0
  for (const template_id of Object.keys(results)) {
    const body = { album_id: albumId, template_id, results, tap }
    left += (await api.ask<Left>({ path: '/mp/v1/subscriptions', body, named: true })).left
  }
  return left
}

/** Templates for which the guest chose «always», so that asking shows no dialog. Never asks, never fails. */
export function alwaysAllowed(): Promise<readonly string[]> {
  return new Promise(resolve => {
    wx.getSetting({
      withSubscriptions: true,
      success: said => {
        const setting = said.subscriptionsSetting
        const items: Readonly<Record<string, string>> = setting.mainSwitch ? (setting.itemSettings ?? {}) : {}
        resolve(Object.keys(items).filter(id => items[id]?.startsWith('accept')))
      },
      fail: () => {
        resolve([])
      },
    })
  })
}

function resultsIn(said: object, ids: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [id, word] of Object.entries(said)) if (ids.includes(id)) found[id] = String(word)
  return found
}
