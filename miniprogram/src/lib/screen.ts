/** Sizes of this phone's screen, px. */

export interface Bar {
  readonly status: number // height of the system's status bar
  readonly height: number // of the title row below it
  readonly capsule: number // width WeChat's own button takes at the right, with its margin
}

/** The title row is centred on WeChat's capsule, whatever the phone. */
export function bar(): Bar {
  const window = wx.getWindowInfo()
  const capsule = wx.getMenuButtonBoundingClientRect()
  const above = Math.max(4, capsule.top - window.statusBarHeight)
  return {
    status: window.statusBarHeight,
    height: capsule.height + above * 2,
    capsule: window.windowWidth - capsule.left,
  }
}

/** The clock and WeChat's capsule: white over a photo, else as the phone's theme has them. */
export function inkOver(photo: boolean): void {
  const white = photo || wx.getAppBaseInfo().theme === 'dark'
  const frontColor = white ? '#ffffff' : '#000000'
  wx.setNavigationBarColor({ frontColor, backgroundColor: white ? '#121211' : '#f8f7f4', fail: () => undefined })
}

/** Of the window; `density`: pixels for each px of CSS. */
export interface Area {
  readonly width: number
  readonly height: number
  readonly density: number
}

export function area(): Area {
  const { windowWidth, windowHeight, pixelRatio } = wx.getWindowInfo()
  return { width: windowWidth, height: windowHeight, density: pixelRatio }
}

export function width(): number {
  return wx.getWindowInfo().windowWidth
}

export function height(): number {
  return wx.getWindowInfo().windowHeight
}
