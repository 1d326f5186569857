/** One clear line about the network, only when there is something to say. */

import { defineComponent } from '../../lib/define'

export interface Props {
  words: string
}

export type Data = object
export type Methods = object

defineComponent<Props, Data, Methods>({
  properties: { words: { type: String, value: '' } },
  data: {},
  methods: {},
})
