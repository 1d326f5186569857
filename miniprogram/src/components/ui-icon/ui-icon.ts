/** A drawn sign in the colour of the text around it. The drawings stand in the style sheet. */

import { defineComponent } from '../../lib/define'

export interface Props {
  name: string
}

export type Data = object
export type Methods = object

defineComponent<Props, Data, Methods>({
  properties: { name: { type: String, value: '' } },
  data: {},
  methods: {},
})
