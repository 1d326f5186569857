/** WeChat's own components, as templates. What they do stands in `built-in.ts`. */

export const BUILT_IN_TEMPLATES: Readonly<Record<string, string>> = {
  'wx-image': '<img class="wx-img" src="{{src}}" alt="" style="object-fit:{{fit}}" bind:load="loaded" bind:error="failed" />',
  'wx-button': '<slot />',
  'wx-scroll-view': '<slot />',
  'wx-swiper': '<div class="wx-track"><slot /></div>',
  'wx-swiper-item': '<slot />',
  'wx-movable-area': '<slot />',
  'wx-movable-view': '<slot />',
  'wx-input': '<input class="wx-field" />',
  'wx-textarea': '<textarea class="wx-field"></textarea>',
}
