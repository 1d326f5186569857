/**
 * The picture of a shared card. WeChat keeps it, and whoever is in the chat sees it; so a photo of a private album, whose
 * address is the guest's own, never is one, and neither is a screenshot of the page, which WeChat takes where no picture is given.
 */

const NEUTRAL = '/images/share.png'

export function cardPicture(url: string | undefined): { imageUrl: string } {
  return { imageUrl: url === undefined || url === '' || url.includes('/mp/v1/pictures/') ? NEUTRAL : url }
}
