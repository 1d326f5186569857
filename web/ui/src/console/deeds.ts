/** Rights, what webhooks tell, and what the audit keeps, in words: who reads them is no program. */

import words from "../../../words/deeds.json";
import { Speech } from "../speech";
import { make } from "./dom";

type Fields = Record<string, unknown>;

const speech = (): Speech<keyof typeof words> => new Speech(words); // of the language that is shown now
const MOST = 160; // characters of one value
const FAR_MS = 180 * 86_400_000; // so far away a day says more than a clock
const BLOB = /^a\/[\w-]+\/(\w{8})\w+(\.\w+)$/; // the key of a file
const PLAIN = new Set(["id", "made_by", "created_at", "used_at"]); // what the row itself says, or nobody asked

/** The words of a code, or the code itself where nobody gave it any. */
function word(kind: "scope" | "told" | "of" | "do" | "f", code: string): string {
  const key = `${kind}_${code.replace(".", "_")}`;
  return key in words ? speech().say(key as keyof typeof words) : code.replaceAll("_", " ");
}

export const scope = (code: string): string => word("scope", code);
export const told = (kind: string): string => word("told", kind);
export const deed = (action: string): string => word("do", action);
export const DEEDS = Object.keys(words).flatMap((key) => (key.startsWith("do_") ? [key.slice(3)] : []));

/** «照片 3f…»: what it was done to. */
export function thing(subject: string): Node {
  const [kind = "", id = ""] = subject.split(":");
  return make("span", {}, `${word("of", kind)} `, make("code", {}, id));
}

/** A line for each field that differs: what it was, what it is. */
export function change(before: Fields, after: Fields): HTMLElement {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const differs = names.filter((name) => !PLAIN.has(name) && JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  const lines = differs.map((name) => {
    const parts = [before, after].filter((one) => name in one).map((one) => value(name, one[name]));
    return make("li", {}, make("span", { className: "soft" }, `${word("f", name)} `), parts.join(" → "));
  });
  return make("ul", { className: "deed" }, ...lines);
}

function value(name: string, said: unknown): string {
  const text = spoken(name, said);
  return text.length > MOST ? `${text.slice(0, MOST)}…` : text;
}

function spoken(name: string, said: unknown): string {
  if (typeof said === "boolean") return speech().say(said ? "yes" : "no");
  if (typeof said === "number") return /_(at|from|until)$/.test(name) ? moment(said) : String(said);
  if (typeof said === "object" && said !== null) return listed(name, said);
  const text = typeof said === "string" ? said : "";
  return (name === "scopes" ? scope(text) : name === "kinds" ? told(text) : text.replace(BLOB, "$1…$2")) || speech().say("nothing");
}

function moment(at: number): string {
  return Math.abs(at - Date.now()) > FAR_MS ? speech().day(at) : speech().clock(at);
}

function listed(name: string, said: object): string {
  const given = Object.entries(said).filter(([, one]) => one !== null && one !== "");
  const parts = given.map(([key, one]) => (Array.isArray(said) ? spoken(name, one) : `${word("f", key)} ${spoken(key, one)}`));
  return parts.join(speech().language === "en" ? ", " : "、") || speech().say("nothing");
}
