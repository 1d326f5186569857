/** Everything the pages stand on, built once by `app.ts`. */

import { API_URL } from '../config'
import { Api } from '../services/api'
import { Passes } from '../services/passes'
import { Sessions } from '../services/session'
import type { PhotoCard } from '../services/wire'
import { Hands } from './hands'
import { Language } from './language'
import { Mine } from './mine'
import { Network } from './network'
import { Packs } from './packs'
import { Reminders } from './reminders'
import { Rooms } from './rooms'
import { Traces } from './traces'
import { Visits } from './visits'

export interface Stage {
  readonly api: Api
  readonly passes: Passes
  readonly rooms: Rooms
  readonly mine: Mine
  readonly packs: Packs
  readonly visits: Visits
  readonly language: Language
  readonly network: Network
  readonly reminders: Reminders
  readonly traces: Traces
  readonly hands: Hands
  /** Photos handed from a list to the viewer, which swipes through them. */
  tray: readonly PhotoCard[]
}

export interface KuaimenApp {
  stage: Stage
}

export function buildStage(base: string = API_URL): Stage {
  const language = new Language()
  const passes = new Passes()
  const api = new Api(base, new Sessions(base), () => language.tongue, passes)
  return {
    api,
    passes,
    language,
    rooms: new Rooms(api),
    mine: new Mine(),
    packs: new Packs(),
    visits: new Visits(),
    network: new Network(),
    reminders: new Reminders(api),
    traces: new Traces(api),
    hands: new Hands(),
    tray: [],
  }
}

export function stage(): Stage {
  return getApp<KuaimenApp>().stage
}
