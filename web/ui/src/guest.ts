/** What this browser asks as a guest of its own: a session by a random id it keeps. Loaded when first needed. */

import { ask, type Question, recall, Refusal, remember } from "./wire";

const DEVICE = "kuaimen.device";
const TOKEN = "kuaimen.token";
let token: Promise<string> | undefined;

/** Who this browser is: a random id kept here, exchanged for a guest token. A new one when storage is refused. */
export function session(): Promise<string> {
  token ??= open().catch((reason: unknown) => {
    token = undefined;
    throw reason;
  });
  return token;
}

async function open(): Promise<string> {
  const [kept, until] = (recall(TOKEN) ?? "").split(" ");
  if (kept && Number(until) > Date.now() + 3_600_000) return kept;
  let device = /(?:^|; )kuaimen_device=([\w-]{16,64})/.exec(document.cookie)?.[1] ?? recall(DEVICE); // the door's form gave it
  if (!device) {
    device = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
    remember(DEVICE, device);
  }
  const said = await ask<{ token: string; expires_in: number }>("/mp/v1/session", { body: { device } });
  remember(TOKEN, `${said.token} ${Date.now() + said.expires_in * 1000}`);
  return said.token;
}

/** Whether this browser was somebody before; asking what a newcomer did is a wasted request. */
export function isKnown(): boolean {
  return recall(TOKEN) !== null;
}

/** The same in the guest's name; a token the platform no longer knows is replaced once. */
export async function askAsGuest<T>(path: string, question: Question = {}): Promise<T> {
  try {
    return await ask<T>(path, { ...question, as: await session() });
  } catch (reason) {
    if (!(reason instanceof Refusal) || reason.status !== 401) throw reason;
    remember(TOKEN, "");
    token = undefined;
    return ask<T>(path, { ...question, as: await session() });
  }
}
