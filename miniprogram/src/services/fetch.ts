/** A file from the platform to the phone, past a network that loses one answer in five. */

import { sleep, waitFor, type Pace } from '../lib/backoff'
import { Refused } from './refused'
import { NoAnswer, why } from './request'

const WITHIN_MS = 60_000
const TRIES = 3
const PACE: Pace = { first_ms: 800, most_ms: 3000 }

/** Returns the file's path, which lasts as long as the mini-program runs. Raises Refused, NoAnswer. */
export async function fetchFile(url: string, header: Record<string, string> = {}): Promise<string> {
  for (let failed = 1; ; failed++) {
    try {
      return await once(url, header)
    } catch (error) {
      if (failed >= TRIES || !(error instanceof NoAnswer)) throw error
      await sleep(waitFor(failed, PACE))
    }
  }
}

function once(url: string, header: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    wx.downloadFile({
      url,
      header,
      timeout: WITHIN_MS,
      success: said => {
        if (said.statusCode === 200) resolve(said.tempFilePath)
        else reject(new Refused({ status: said.statusCode, body: null, retryAfter_s: 0 }))
      },
      fail: said => {
        reject(new NoAnswer(why(said.errMsg)))
      },
    })
  })
}
