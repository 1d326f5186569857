/** WeChat's own components, as templates. What they do stands in `built-in.ts`. */

export const BUILT_IN_TEMPLATES: Readonly<Record<string, string>> = {
  'wx-image': '<img src="{{src}}" alt="" style="object-fit:{{fit}}" bind:load="loaded" bind:error="failed" />',
  'wx-button': '<slot />',
  'wx-scroll-view': '<slot />',
  'wx-swiper': '<div><slot /></div>',
  'wx-swiper-item': '<slot />',
  'wx-movable-area': '<slot />',
  'wx-movable-view': '<slot />',
  'wx-input': '<input />',
  'wx-textarea': '<textarea></textarea>',
}
