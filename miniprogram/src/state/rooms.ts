/** The albums that were opened lately, so that going back and forth costs nothing. */

import type { Api } from '../services/api'
import { Room } from './room'

const KEPT = 4

export class Rooms {
  private rooms: Room[] = [] // latest first

  constructor(private readonly api: Api) {}

  room(albumId: string): Room {
    const found = this.rooms.find(room => room.albumId === albumId) ?? new Room(this.api, albumId)
    const others = this.rooms.filter(room => room !== found)
    this.rooms = [found, ...others.filter((room, n) => n < KEPT - 1 || room.news.heard)]
    return found
  }

  /** An album that is open, without opening it. */
  known(albumId: string): Room | null {
    return this.rooms.find(room => room.albumId === albumId) ?? null
  }

  sleep(): void {
    for (const room of this.rooms) room.sleep()
  }

  wake(): void {
    for (const room of this.rooms) void room.wake()
  }

  hurry(): void {
    for (const room of this.rooms) room.hurry()
  }
}
