/** The name a guest goes by, under a photo of their own as under a comment. Kept on this phone. */

import { Kept } from './kept'

export const giver = new Kept<{ name: string }>('giver', { name: '' }, found => 'name' in found && typeof found.name === 'string')
