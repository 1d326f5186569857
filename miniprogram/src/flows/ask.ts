/** Small things WeChat shows: a toast, a question. */

export function toast(title: string): void {
  void wx.showToast({ title, icon: 'none', duration: 2400 })
}

export interface Question {
  readonly title: string
  readonly content: string
  readonly yes: string
  readonly no: string
}

/** The one that was chosen; undefined when the guest chose none. */
export function chosen<T>(from: readonly (readonly [T, string])[]): Promise<T | undefined> {
  return new Promise(resolve => {
    wx.showActionSheet({
      itemList: from.map(([, words]) => words),
      success: said => {
        resolve(from[said.tapIndex]?.[0])
      },
      fail: () => {
        resolve(undefined)
      },
    })
  })
}

export function confirmed(question: Question): Promise<boolean> {
  return new Promise(resolve => {
    wx.showModal({
      title: question.title,
      content: question.content,
      confirmText: question.yes,
      cancelText: question.no,
      success: said => {
        resolve(said.confirm)
      },
      fail: () => {
        resolve(false)
      },
    })
  })
}
