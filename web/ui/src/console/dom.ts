/** Elements without a framework: `make("p", { className: "soft" }, "text")`. */

type Properties<K extends keyof HTMLElementTagNameMap> = Partial<HTMLElementTagNameMap[K]> & { data?: Record<string, string> };

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { data, ...properties }: Properties<K> = {},
  ...children: (Node | string | null)[]
): HTMLElementTagNameMap[K] {
  const el = Object.assign(document.createElement(tag), properties);
  Object.assign(el.dataset, data);
  el.append(...children.filter((child) => child !== null));
  return el;
}

/** A button that does something when it is pressed. */
export function button(said: string, press: () => void, className = ""): HTMLButtonElement {
  const made = make("button", { type: "button", className }, said);
  made.addEventListener("click", press);
  return made;
}

/** Change a text only when it differs, so that nothing is selected away and nothing is repainted. */
export function put(el: Element | null | undefined, text: string): void {
  if (el && el.textContent !== text) el.textContent = text;
}
