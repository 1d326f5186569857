/** A value in the phone's storage, read once. What somebody else wrote there, or an older version, counts as absent. */

export class Kept<T extends object> {
  private value: T | null = null

  constructor(
    private readonly key: string,
    private readonly empty: T,
    private readonly fits: (found: object) => boolean = () => true,
  ) {}

  get(): T {
    this.value ??= this.read()
    return this.value
  }

  /** A full storage loses the newest entry, never the page. */
  set(value: T): void {
    this.value = value
    try {
      wx.setStorageSync(this.key, value)
    } catch {
      // kept in memory until the mini-program ends
    }
  }

  clear(): void {
    this.value = this.empty
    wx.removeStorageSync(this.key)
  }

  private read(): T {
    const found: unknown = wx.getStorageSync(this.key)
    return typeof found === 'object' && found !== null && this.fits(found) ? (found as T) : this.empty
  }
}
