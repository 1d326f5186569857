/** The pack this phone asked for last, of each album: made in the background, and found again after a restart. */

import { Kept } from './kept'

export class Packs {
  private readonly kept = new Kept<Record<string, string>>('packs', {})

  of(albumId: string): string | null {
    return this.kept.get()[albumId] ?? null
  }

  keep(albumId: string, packId: string): void {
    this.kept.set({ ...this.kept.get(), [albumId]: packId })
  }

  forget(albumId: string): void {
    const others: Record<string, string> = {}
    for (const [known, packId] of Object.entries(this.kept.get())) if (known !== albumId) others[known] = packId
    this.kept.set(others)
  }

  clear(): void {
    this.kept.clear()
  }
}
