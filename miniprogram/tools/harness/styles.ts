/** WXSS to CSS as WeChat reads it: rpx by the width of the screen, `page`, components shut off from each other. */

import path from 'node:path'
import postcss, { type Root } from 'postcss'
import selectors from 'postcss-selector-parser'

export interface Scope {
  /** Put before every class of a component, as glass-easel does in its templates. */
  readonly prefix: string
  /** What `:host` means: the tag that stands for the component. */
  readonly host: string
}

export function css(wxss: string, file: string, scope: Scope | null): string {
  const root: Root = postcss.parse(wxss, { from: file })
  root.walkAtRules('import', rule => {
    throw rule.error('the harness knows no @import; write the rules where they are used')
  })
  root.walkDecls(declaration => {
    declaration.value = declaration.value.replace(
      /(-?\d*\.?\d+)rpx/g,
      (_, n: string) => `${(Number(n) / 7.5).toFixed(4)}vw`,
    )
  })
  root.walkRules(rule => {
    if (rule.parent?.type === 'atrule' && 'name' in rule.parent && rule.parent.name.endsWith('keyframes')) return
    rule.selector = selectors(all => {
      all.walkTags(tag => {
        if (tag.value !== 'page') throw rule.error(`${tag.value}: a class, please; WeChat's components take no tags`)
        tag.value = 'body'
      })
      all.walkPseudos(pseudo => {
        if (pseudo.value === ':host' && scope) pseudo.replaceWith(selectors.tag({ value: scope.host }))
      })
      all.walkClasses(found => {
        if (scope) found.value = `${scope.prefix}--${found.value}`
      })
    }).processSync(rule.selector)
  })
  return root.toString()
}

export function scopeOf(unit: string): Scope {
  return { prefix: unit.replace(/[^a-zA-Z0-9]/g, '_'), host: path.basename(unit) }
}
