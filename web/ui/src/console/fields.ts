/** Form fields that save themselves: what is typed is handed over when the field is left, a choice at once. */

import { make } from "./dom";
import { local, moment } from "./zone";

export type Value = string | number | boolean | null;
export type Control = "text" | "area" | "url" | "moment" | "number" | "choice" | "switch";
export type Choice = [value: string, text: string];

export interface Said {
  name: string;
  kind: Control;
  label: string;
  value: Value;
  max?: number | undefined;
  choices?: Choice[] | undefined;
}

export interface Field {
  readonly el: HTMLElement;
  /** Show another value without saving it. */
  put: (value: Value) => void;
}

type Input = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** `save` answers whether it was kept; when not, the field shows what it was. */
export function field(said: Said, save: (value: Value, before: Value) => Promise<boolean>): Field {
  const input = control(said);
  let before = said.value;
  const put = (value: Value): void => {
    before = value;
    show(input, said.kind, value);
  };
  input.onchange = async () => {
    if (!input.checkValidity()) {
      input.reportValidity();
      return;
    }
    const value = read(input, said.kind);
    const was = before;
    if (value === was) return;
    input.setAttribute("aria-busy", "true");
    before = value;
    if (!(await save(value, was))) put(was);
    input.removeAttribute("aria-busy");
  };
  show(input, said.kind, said.value);
  if (said.kind === "switch") {
    input.setAttribute("role", "switch");
    return { el: make("label", { className: "switch" }, input, make("i"), make("span", {}, said.label)), put };
  }
  const wide = said.kind === "area" || said.name === "title" ? " wide" : "";
  return { el: make("label", { className: `field${wide}` }, make("span", { className: "soft" }, said.label), input), put };
}

function control({ name, kind, max, choices }: Said): Input {
  if (kind === "choice") return make("select", { name }, ...(choices ?? []).map(([value, text]) => make("option", { value }, text)));
  if (kind === "area") return make("textarea", { name, rows: 3, maxLength: max ?? 200 });
  if (kind === "switch") return make("input", { name, type: "checkbox" });
  if (kind === "moment") return make("input", { name, type: "datetime-local" });
  if (kind === "number") return make("input", { name, type: "number", min: "0", max: String(max ?? 100_000) });
  return make("input", { name, type: kind, maxLength: max ?? 200, autocomplete: "off", required: name === "title" });
}

function show(input: Input, kind: Control, value: Value): void {
  if (kind === "switch") (input as HTMLInputElement).checked = value === true;
  else if (kind === "moment") input.value = local(typeof value === "number" ? value : null);
  else input.value = value === null ? "" : String(value);
}

function read(input: Input, kind: Control): Value {
  if (kind === "switch") return (input as HTMLInputElement).checked;
  if (kind === "moment") return moment(input.value);
  if (kind === "number") return Number(input.value);
  return input.value.trim();
}
