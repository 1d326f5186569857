/** 场景值: what a code, a shared card or a typed code says about where a guest wants to go. */

/** Where a guest came from; statistics of the organizer. `l`: a link somebody shared. */
export type Came = 'p' | 't' | 's' | 'l' | 'c' | 'm'

const CODE = /^[0-9A-Za-z]{4,16}$/

/** The scene of a share code, as the mini-program code carries it. */
export function sceneOf(shareCode: string, came: Came = 'l'): string {
  return `e=${shareCode}&f=${came}`
}

/**
 * The scene in a page's options, or ''. WeChat gives `scene` percent-encoded; a message's link may have lost the
 * encoding, so that `e=CODE&f=m` arrives as two fields; a plain QR code of the web album arrives as `q`.
 */
export function sceneIn(query: Readonly<Record<string, string | undefined>>): string {
  const said = decoded(query['scene'] ?? '')
  if (said.includes('e=')) return said.includes('&f=') || !query['f'] ? said : `${said}&f=${query['f']}`
  if (query['e'] && CODE.test(query['e'])) return sceneOf(query['e'])
  return sceneInText(decoded(query['q'] ?? '')) || sceneInText(said)
}

/** The scene in what somebody scanned or typed: a code, an address of the web album, a page's path. Or ''. */
export function sceneInText(text: string): string {
  const said = text.trim()
  if (CODE.test(said)) return sceneOf(said)
  const address = /\/a\/([0-9A-Za-z]{4,16})(?:[/?#]|$)/.exec(said)
  if (address?.[1]) return sceneOf(address[1])
  const path = /(?:^|[?&])scene=([^&]+)/.exec(said)
  if (path?.[1]) return decoded(path[1])
  return /^e=[0-9A-Za-z]{4,16}(&f=\w)?(&a=[0-9A-Za-z_-]{8})?$/.test(said) ? said : ''
}

/** Where the guest came from, of a page's options, or ''. */
export function cameBy(query: Readonly<Record<string, string | undefined>>): string {
  return /(?:^|&)f=(\w)(?:&|$)/.exec(sceneIn(query))?.[1] ?? ''
}

/** The share code in a scene, or ''. */
export function codeIn(scene: string): string {
  return /(?:^|&)e=([0-9A-Za-z]{4,16})(?:&|$)/.exec(scene)?.[1] ?? ''
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
