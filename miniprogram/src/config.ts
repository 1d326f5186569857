/** What differs between installations; `tools/build.ts` fills it in from the command line. */

declare const __API_URL__: string
declare const __DEMO_SCENE__: string
declare const __VERSION__: string

/** Where the platform answers, without a slash at the end. WeChat must list this host as a request domain. */
export const API_URL: string = __API_URL__

/** Scene of an event anybody may see, for somebody who comes without a code (a reviewer of WeChat does). Empty: none. */
export const DEMO_SCENE: string = __DEMO_SCENE__

export const VERSION: string = __VERSION__
