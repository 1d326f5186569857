/** `wx` for the harness: what the mini-program uses and nothing else; the rest throws with its name. */

import { downloadFile, fileAt, keepFile, request, uploadFile } from './network'
import type { Pages } from './pages'
import type { Phone } from './settings'

type Said = Record<string, unknown>
interface Options {
  success?: (said: Said) => void
  fail?: (said: Said) => void
  complete?: (said: Said) => void
}

/** True while a tap is being handled: some of WeChat's questions may be asked only then, and first. */
export const gesture = { tapping: false, asked: false }

const STATUS_PX = 47
const CAPSULE = { width: 87, height: 32, right: 7 }

export function wxOf(phone: Phone, pages: Pages): object {
  const known = { ...screen(phone), ...storage(), ...network(phone), ...people(phone), ...surface(phone), ...routes(pages) }
  return new Proxy(known, {
    get: (target, name: string) => {
      if (!(name in target)) throw new Error(`wx.${name} is not in the harness`)
      const found = target[name as keyof typeof target] as unknown
      if (typeof found !== 'function') return found
      return (options: unknown, ...rest: unknown[]) => {
        phone.calls.push({ name, options })
        return (found as (...all: unknown[]) => unknown)(options, ...rest)
      }
    },
  })
}

function fine(options: Options | undefined, said: Said = {}): void {
  setTimeout(() => {
    options?.success?.({ errMsg: 'ok', ...said })
    options?.complete?.({ errMsg: 'ok', ...said })
  }, 1)
}

function wrong(options: Options | undefined, errMsg: string, more: Said = {}): void {
  setTimeout(() => {
    options?.fail?.({ errMsg, ...more })
    options?.complete?.({ errMsg, ...more })
  }, 1)
}

function screen(phone: Phone): object {
  return {
    getWindowInfo: () => ({
      windowWidth: innerWidth,
      windowHeight: innerHeight,
      screenWidth: innerWidth,
      screenHeight: innerHeight,
      statusBarHeight: STATUS_PX,
      pixelRatio: devicePixelRatio,
    }),
    getMenuButtonBoundingClientRect: () => {
      const left = innerWidth - CAPSULE.right - CAPSULE.width
      return { ...CAPSULE, left, top: STATUS_PX + 6, bottom: STATUS_PX + 6 + CAPSULE.height, right: innerWidth - CAPSULE.right }
    },
    pageScrollTo: ({ scrollTop }: { scrollTop: number }) => {
      scrollTo(0, scrollTop)
    },
    stopPullDownRefresh: () => undefined,
    setNavigationBarColor: (options: Options) => {
      fine(options)
    },
    vibrateShort: () => undefined,
    getScreenBrightness: (options: Options) => {
      fine(options, { value: phone.brightness })
    },
    setScreenBrightness: (options: Options & { value: number }) => {
      phone.brightness = options.value
      fine(options)
    },
    setKeepScreenOn: (options: Options) => {
      fine(options)
    },
    setClipboardData: (options: Options & { data: string }) => {
      phone.clipboard = options.data
      fine(options)
    },
    canIUse: () => true,
  }
}

function storage(): object {
  return {
    getStorageSync: (key: string): unknown => JSON.parse(localStorage.getItem(key) ?? '""'),
    setStorageSync: (key: string, value: unknown) => {
      localStorage.setItem(key, JSON.stringify(value))
    },
    removeStorageSync: (key: string) => {
      localStorage.removeItem(key)
    },
  }
}

function network(phone: Phone): object {
  return {
    request: (options: Parameters<typeof request>[1]) => request(phone, options),
    downloadFile,
    uploadFile,
    getNetworkType: (options: Options) => {
      fine(options, { networkType: navigator.onLine ? 'wifi' : 'none' })
    },
    onNetworkStatusChange: (listener: (said: Said) => void) => {
      addEventListener('online', () => {
        listener({ isConnected: true, networkType: 'wifi' })
      })
      addEventListener('offline', () => {
        listener({ isConnected: false, networkType: 'none' })
      })
    },
    onNetworkWeakChange: (listener: (said: Said) => void) => {
      addEventListener('weak', said => {
        listener({ weakNet: (said as CustomEvent<boolean>).detail, networkType: '4g' })
      })
    },
  }
}

/** Who the guest is and what they allow. */
function people(phone: Phone): object {
  const tell = (path: string, body: object): Promise<unknown> =>
    fetch(`${phone.sandbox}/_sandbox/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
  const allowed = async (template_ids: string[]): Promise<void> => {
    if (phone.sandbox === '') return
    await tell('login', { name: phone.guest })
    await tell('accept', { openid: `sandbox_${phone.guest}`, template_ids })
  }
  return {
    getAccountInfoSync: () => ({ miniProgram: { appId: 'wxsandbox000000000', envVersion: 'develop', version: '' } }),
    getAppBaseInfo: () => ({ language: phone.language, SDKVersion: '3.5.0', theme: 'light' }),
    login: (options: Options) => {
      if (phone.scene === 1154) wrong(options, 'login:fail no login in single page mode')
      else fine(options, { code: `dev:${phone.guest}:${Date.now()}-${Math.random()}` })
    },
    requestSubscribeMessage: (options: Options & { tmplIds: string[] }) => {
      if (!gesture.tapping || gesture.asked) {
        wrong(options, 'requestSubscribeMessage:fail can only be invoked by user TAP gesture.', { errCode: 10005 })
        return
      }
      gesture.asked = true
      if (options.tmplIds.length > 3) wrong(options, 'too many', { errCode: 20003 })
      else if (phone.subscribe === 'off') wrong(options, 'switched off', { errCode: 20004 })
      else {
        const results = Object.fromEntries(options.tmplIds.map(id => [id, phone.subscribe]))
        const told = phone.subscribe === 'accept' ? allowed(options.tmplIds) : Promise.resolve()
        void told.then(() => {
          fine(options, { errMsg: 'requestSubscribeMessage:ok', ...results })
        })
      }
    },
    getSetting: (options: Options) => {
      const itemSettings = phone.always ? { KM_ALBUM_UPDATE: phone.subscribe } : {}
      fine(options, { authSetting: {}, subscriptionsSetting: { mainSwitch: phone.subscribe !== 'off', itemSettings } })
    },
    openSetting: (options: Options) => {
      if (phone.settings) phone.album = 'allow'
      fine(options, { authSetting: { 'scope.writePhotosAlbum': phone.settings } })
    },
    saveImageToPhotosAlbum: (options: Options & { filePath: string }) => {
      const file = fileAt(options.filePath)
      const said = { deny: 'fail auth deny', cancel: 'fail cancel', private: 'fail privacy permission is not authorized' }
      if (file === undefined) wrong(options, 'saveImageToPhotosAlbum:fail no such file')
      else if (phone.album === 'allow') {
        phone.saved.push({ bytes: file.size, type: file.type })
        fine(options)
      } else wrong(options, `saveImageToPhotosAlbum:${said[phone.album]}`, phone.album === 'private' ? { errno: 104 } : {})
    },
    showShareImageMenu: (options: Options & { path: string }) => {
      const file = fileAt(options.path)
      if (file === undefined) wrong(options, 'showShareImageMenu:fail no such file')
      else fine(options)
    },
    chooseMedia: (options: Options & { count: number }) => {
      if (phone.album === 'private') wrong(options, 'chooseMedia:fail privacy permission is not authorized', { errno: 104 })
      else if (phone.roll.length === 0) wrong(options, 'chooseMedia:fail cancel')
      else {
        void Promise.all(phone.roll.slice(0, options.count).map(async url => keepFile(await (await fetch(url)).blob()))).then(
          paths => {
            fine(options, { tempFiles: paths.map(tempFilePath => ({ tempFilePath, fileType: 'image' })) })
          },
        )
      }
    },
    previewImage: (options: Options) => {
      fine(options)
    },
    openPrivacyContract: (options: Options) => {
      fine(options)
    },
    scanCode: (options: Options) => {
      wrong(options, 'scanCode:fail cancel')
    },
  }
}

function surface(phone: Phone): object {
  const clear = (): void => {
    document.querySelector('.phone-toast')?.remove()
  }
  const show = (title: string, duration: number): void => {
    clear()
    phone.toasts.push(title)
    const element = document.createElement('div')
    element.className = 'phone-toast'
    element.textContent = title
    document.body.append(element)
    if (duration > 0) setTimeout(() => element.remove(), duration)
  }
  return {
    showToast: ({ title, duration = 1500 }: { title: string; duration?: number }) => {
      show(title, duration)
    },
    showLoading: ({ title }: { title: string }) => {
      show(title, 0)
    },
    hideLoading: clear,
    showModal: (options: Options) => {
      fine(options, { confirm: phone.modal, cancel: !phone.modal })
    },
    showActionSheet: (options: Options & { itemList: string[] }) => {
      const tapIndex = options.itemList.findIndex(words => words.includes(phone.choice))
      if (phone.choice === '' || tapIndex < 0) wrong(options, 'showActionSheet:fail cancel')
      else fine(options, { tapIndex })
    },
  }
}

function routes(pages: Pages): object {
  const open =
    (go: (url: string) => void) =>
    (options: Options & { url: string }): void => {
      setTimeout(() => {
        go(options.url)
      }, 0)
      fine(options)
    }
  return {
    navigateTo: open(url => {
      pages.push(url)
    }),
    redirectTo: open(url => {
      pages.replace(url)
    }),
    reLaunch: open(url => {
      pages.relaunch(url)
    }),
    navigateBack: (options?: Options & { delta?: number }) => {
      setTimeout(() => {
        pages.pop(options?.delta ?? 1)
      }, 0)
    },
  }
}
