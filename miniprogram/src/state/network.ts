/** What the phone says about its network. */

import { News } from '../lib/news'

export type Weather = 'fine' | 'weak' | 'offline'

export class Network {
  weather: Weather = 'fine'
  readonly news = new News<Weather>()

  watch(): void {
    wx.onNetworkStatusChange(said => {
      this.become(said.isConnected ? 'fine' : 'offline')
    })
    if (typeof wx.onNetworkWeakChange === 'function') {
      wx.onNetworkWeakChange(said => {
        if (this.weather !== 'offline') this.become(said.weakNet ? 'weak' : 'fine')
      })
    }
    wx.getNetworkType({
      success: said => {
        this.become(said.networkType === 'none' ? 'offline' : 'fine')
      },
    })
  }

  private become(weather: Weather): void {
    if (weather === this.weather) return
    this.weather = weather
    this.news.tell(weather)
  }
}
