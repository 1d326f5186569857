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
