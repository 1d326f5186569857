/**
 * Who this guest is, for the few requests that need to know. Looking at a public album needs nobody's name, so nothing
 * logs in until a guest asks for reminders or for a photo to be taken down, or until the platform says 401.
 */

import { Refused } from './refused'
import { send } from './request'
import type { Session } from './wire'

const KEPT = 'session'
const EARLY_MS = 60_000

interface Held {
  readonly token: string
  readonly until: number
}

export class Sessions {
  private held: Held | null = null
  private asking: Promise<string> | null = null

  constructor(private readonly base: string) {}

  /** The token if there is one; never asks for one. */
  get known(): string | null {
    this.held ??= restored()
    return this.held !== null && this.held.until - EARLY_MS > Date.now() ? this.held.token : null
  }

  /** Logs in when needed, once however many ask. Raises Refused, NoAnswer. */
  token(): Promise<string> {
    const known = this.known
    if (known !== null) return Promise.resolve(known)
    this.asking ??= this.logIn().finally(() => {
      this.asking = null
    })
    return this.asking
  }

  /** The platform no longer takes `token`. */
  forget(token: string): void {
    if (this.held?.token !== token) return
    this.held = null
    wx.removeStorageSync(KEPT)
  }

  private async logIn(): Promise<string> {
    const first = await this.openWith(await code())
    // A code counts once and for five minutes; after a lost answer only a new one helps.
    const said = first.status === 401 ? await this.openWith(await code()) : first
    if (said.status !== 200) throw new Refused(said)
    const session = said.body as Session
    this.held = { token: session.token, until: Date.now() + session.expires_in * 1000 }
    wx.setStorageSync(KEPT, this.held)
    return session.token
  }

  private openWith(js_code: string): ReturnType<typeof send> {
    return send({ url: `${this.base}/mp/v1/session`, method: 'POST', header: {}, body: { code: js_code, appid: appid() } })
  }
}

/** Which mini-program this is: one installation may serve several. */
function appid(): string {
  return wx.getAccountInfoSync().miniProgram.appId
}

function code(): Promise<string> {
  return new Promise((resolve, reject) => {
    wx.login({
      timeout: 10_000,
      success: said => {
        resolve(said.code)
      },
      fail: said => {
        reject(new Refused({ status: 503, body: { code: 'wechat_login', message: said.errMsg }, retryAfter_s: 0 }))
      },
    })
  })
}

function restored(): Held | null {
  const kept: unknown = wx.getStorageSync(KEPT)
  return typeof kept === 'object' && kept !== null && 'token' in kept && 'until' in kept ? (kept as Held) : null
}
