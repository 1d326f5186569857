/** The screen as bright as it gets, and awake, while a code is held up. */

/** Returns the way back to what the guest had. Never fails: a dim code can be photographed, too. */
export function brighten(): () => void {
  let before: number | null = null
  let over = false
  wx.getScreenBrightness({
    success: said => {
      if (over) return
      before = said.value
      light(1)
    },
  })
  keepOn(true)
  return () => {
    over = true
    if (before !== null) light(before)
    keepOn(false)
  }
}

function light(value: number): void {
  wx.setScreenBrightness({ value, fail: nothing })
}

function keepOn(keepScreenOn: boolean): void {
  wx.setKeepScreenOn({ keepScreenOn, fail: nothing })
}

function nothing(): void {
  return
}
