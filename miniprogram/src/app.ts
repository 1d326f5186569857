/** Starts the mini-program: builds the stage, and lets it sleep and wake with the screen. */

import { buildStage, type KuaimenApp } from './state/stage'

interface Self extends KuaimenApp {
  begun: boolean
}

App<Self>({
  stage: buildStage(),
  begun: false,

  onLaunch() {
    const { network, rooms } = this.stage
    network.watch()
    network.news.listen(weather => {
      if (weather !== 'offline') rooms.hurry()
    })
  },

  onShow() {
    void this.stage.reminders.refresh()
    if (this.begun) this.stage.rooms.wake()
    this.stage.traces.wake()
    this.begun = true
  },

  onHide() {
    this.stage.rooms.sleep()
    this.stage.traces.sleep()
  },
})
