/** Who stays with a photo for a moment is told how many comments it has, and whose frame is on it; who swipes past asks nothing. */

import { tolerate } from '../services/refused'
import { readSponsor } from '../services/sponsor'
import { readComments } from '../services/talk'
import type { PhotoCard } from '../services/wire'
import type { Sponsor } from '../state/sponsor'
import type { Stage } from '../state/stage'

const LINGER_MS = 400

interface Heard {
  comments?: string
  sponsor?: Sponsor
}

export class Linger {
  private timer = 0
  private photoId = ''

  /** `tell` hears «3», or '' where there are none, and of a sponsor with a link: where the album, or the event, has such. */
  over({ api, rooms }: Stage, { id, album_id }: PhotoCard, tell: (said: Heard) => void): void {
    this.stop()
    this.photoId = id
    const room = rooms.known(album_id)
    const say = (said: Heard): void => {
      if (this.photoId === id) tell(said)
    }
    this.timer = setTimeout(() => {
      if (room?.album?.comments === true) {
        readComments(api, id, 0)
          .then(({ count }) => {
            say({ comments: count > 0 ? String(count) : '' })
          })
          .catch(tolerate)
      }
      if (room?.front?.sponsors === true) {
        readSponsor(api, id)
          .then(found => {
            if (found !== null) say({ sponsor: { words: `${found.name} ↗`, link: found.link } })
          })
          .catch(tolerate)
      }
    }, LINGER_MS)
  }

  stop(): void {
    clearTimeout(this.timer)
    this.photoId = ''
  }
}
