/**
 * Passes to private albums, kept until they are over. A request shows the pass of the album it asks for; one about a
 * photo shows the pass of the album asked for last, which is the one the guest is looking at.
 */

import type { Api } from './api'
import type { Entered } from './wire'

const KEPT = 'passes'
const ALBUM = /^\/mp\/v1\/albums\/([\w-]+)/

type Held = Readonly<Record<string, { readonly token: string; readonly until: number }>>

export class Passes {
  private last = ''

  /** For a request's header; '' where no pass is known. */
  shown(path: string): string {
    this.last = ALBUM.exec(path)?.[1] ?? this.last
    const held = all()[this.last]
    return held !== undefined && held.until > Date.now() ? held.token : ''
  }

  keep(albumId: string, said: Entered): void {
    const pass = { token: said.album_token, until: Date.now() + said.expires_in * 1000 }
    wx.setStorageSync(KEPT, { ...all(), [albumId]: pass })
  }
}

/** `code`: the album's code or password, or the guest's own invitation; `phone_code`: what WeChat's phone button gave. */
export type Knock = { readonly code: string } | { readonly phone_code: string }

/** Open a private album. Raises Refused, NoAnswer. */
export async function enterAlbum(api: Api, passes: Passes, albumId: string, said: Knock): Promise<void> {
  const wish = { path: `/mp/v1/albums/${albumId}/enter`, body: said, named: true, tries: 1 }
  passes.keep(albumId, await api.ask<Entered>(wish))
}

function all(): Held {
  const kept: unknown = wx.getStorageSync(KEPT)
  return typeof kept === 'object' && kept !== null ? (kept as Held) : {}
}
