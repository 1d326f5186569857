/** Telling whoever listens. */

export class News<T> {
  private readonly listeners = new Set<(said: T) => void>()

  /** Returns the way out. */
  listen(listener: (said: T) => void): () => void {
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
    }
  }

  tell(said: T): void {
    for (const listener of Array.from(this.listeners)) listener(said)
  }

  get heard(): boolean {
    return this.listeners.size > 0
  }
}
