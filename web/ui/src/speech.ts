/** Words in the reader's language. The server renders the first ones; a switch changes them all without a reload. */

export type Language = "zh" | "en";
export type Words<K extends string> = Record<K, string[]>; // [Chinese, English]; English may be «one|many»

const DAY: Intl.DateTimeFormatOptions = { year: "numeric", month: "long", day: "numeric", weekday: "short" };

export class Speech<K extends string> {
  /** Milliseconds from the reader's clock to the clock that is shown at a moment: none, unless a page says so. */
  static shift: (at: number) => number = () => 0;
  language: Language = document.documentElement.lang.startsWith("en") ? "en" : "zh";
  readonly #words: Words<K>;
  readonly #listeners: (() => void)[] = [];

  constructor(words: Words<K>) {
    this.#words = words;
  }

  say(key: K, values: Record<string, string | number> = {}): string {
    const pair = this.#words[key];
    let text = (this.language === "en" ? pair[1] : pair[0]) ?? "";
    const [one, many] = text.split("|");
    if (many !== undefined) text = (values["n"] === 1 || values["n"] === "1" ? one : many) ?? "";
    return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
  }

  /** More words, for parts that are loaded later. */
  learn<M extends string>(more: Words<M>): Speech<K | M> {
    Object.assign(this.#words, more);
    return this as unknown as Speech<K | M>;
  }

  number(value: number): string {
    return value.toLocaleString("en-US");
  }

  /** 14:03:22, with the day in front when it was not today. */
  clock(at: number): string {
    const moment = new Date(at + Speech.shift(at)); // by hand: a wall asks this for every photo, and toLocaleTimeString costs 0.3 ms
    const parts = [moment.getHours(), moment.getMinutes(), moment.getSeconds()];
    const time = parts.map((part) => String(part).padStart(2, "0")).join(":");
    if (moment.toDateString() === new Date(Date.now() + Speech.shift(Date.now())).toDateString()) return time;
    const [month, day] = [moment.getMonth() + 1, moment.getDate()];
    return `${this.language === "en" ? `${day}/${month}` : `${month}/${day}`} ${time}`;
  }

  day(at: number): string {
    return new Date(at + Speech.shift(at)).toLocaleDateString(this.#locale, DAY);
  }

  size(bytes: number): string {
    return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} KB`;
  }

  onSwitch(listener: () => void): void {
    this.#listeners.push(listener);
  }

  use(language: Language): void {
    this.language = language;
    document.documentElement.lang = language === "en" ? "en" : "zh-CN";
    keep("lang", language);
    this.translate();
    for (const listener of this.#listeners) listener();
  }

  /** Every element that names its words: `data-t` its text, `data-t-label` its accessible name, `data-at` a day. */
  translate(): void {
    for (const el of document.querySelectorAll<HTMLElement>("[data-t]")) el.textContent = this.say(el.dataset["t"] as K);
    for (const el of document.querySelectorAll<HTMLElement>("[data-t-label]")) {
      el.setAttribute("aria-label", this.say(el.dataset["tLabel"] as K));
    }
    for (const el of document.querySelectorAll<HTMLElement>("[data-at]")) {
      el.textContent = this.day(Number(el.dataset["at"]));
    }
  }

  get #locale(): string {
    return this.language === "en" ? "en-GB" : "zh-CN";
  }
}

/** A choice the server should know at the next visit, so that nothing flashes. */
export function keep(name: string, value: string): void {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
}
