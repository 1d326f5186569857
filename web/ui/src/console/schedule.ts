/** What happens when: the lines guests read on the event's page. Saved as a whole. */

import type { ConsoleWords } from "../console";
import type { Speech } from "../speech";
import { call } from "./api";
import { make } from "./dom";
import { local, moment, nextHour } from "./zone";

interface Line {
  starts_at: number;
  ends_at: number | null;
  title: string;
  place: string;
}

interface Context {
  speech: Speech<ConsoleWords>;
  event: string;
  notice: (text: string) => void;
  guard: (reason: unknown) => void;
}

export class SchedulePanel {
  readonly el = make("form", { className: "list schedule" });
  readonly #on: Context;
  readonly #lines = make("div", { className: "schedule-lines" });

  constructor(on: Context) {
    this.#on = on;
    const { speech } = on;
    const add = make("button", { type: "button", className: "quiet" }, speech.say("schedule_add"));
    add.onclick = () => this.#add({ starts_at: nextHour(), ends_at: null, title: "", place: "" }).focus();
    const save = make("button", { type: "submit", className: "quiet" }, speech.say("schedule_save"));
    this.el.append(this.#lines, make("p", { className: "links" }, add, save));
    this.el.onsubmit = (said) => {
      said.preventDefault();
      void this.#save(save);
    };
  }

  async open(): Promise<void> {
    this.#draw((await call<{ items: Line[] }>(`/events/${this.#on.event}/schedule`)).items);
  }

  #draw(lines: Line[]): void {
    this.#lines.replaceChildren();
    for (const line of lines) this.#add(line);
  }

  /** Returns the field one types into first. */
  #add(line: Line): HTMLInputElement {
    const { speech } = this.#on;
    const field = (name: keyof Line, label: ConsoleWords, more: Partial<HTMLInputElement>): HTMLInputElement => {
      const input = make("input", { name, placeholder: speech.say(label), ...more });
      input.setAttribute("aria-label", speech.say(label));
      return input;
    };
    const title = field("title", "schedule_title", { value: line.title, required: true, maxLength: 60 });
    const remove = make("button", { type: "button", className: "quiet", title: speech.say("schedule_remove") }, "×");
    const row = make(
      "p",
      { className: "schedule-line" },
      field("starts_at", "schedule_from", { type: "datetime-local", value: local(line.starts_at), required: true }),
      field("ends_at", "schedule_to", { type: "datetime-local", value: local(line.ends_at) }),
      title,
      field("place", "schedule_place", { value: line.place, maxLength: 60 }),
      remove,
    );
    remove.onclick = () => row.remove();
    this.#lines.append(row);
    return title;
  }

  async #save(button: HTMLButtonElement): Promise<void> {
    button.disabled = true;
    try {
      const rows = [...this.#lines.querySelectorAll<HTMLElement>(".schedule-line")];
      this.#draw((await call<{ items: Line[] }>(`/events/${this.#on.event}/schedule`, { items: rows.map(lineOf) })).items);
      this.#on.notice(this.#on.speech.say("schedule_saved"));
    } catch (reason) {
      this.#on.guard(reason);
    } finally {
      button.disabled = false;
    }
  }
}

function lineOf(row: HTMLElement): Line {
  const said = (name: keyof Line): string => row.querySelector<HTMLInputElement>(`[name=${name}]`)?.value.trim() ?? "";
  return { starts_at: moment(said("starts_at")) ?? 0, ends_at: moment(said("ends_at")), title: said("title"), place: said("place") };
}
