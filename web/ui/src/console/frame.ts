/** What every screen of the console gets and gives: one file per screen, named in `SCREENS` of ../console.ts. */

import type { ConsoleWords } from "../console";
import type { Speech } from "../speech";
import type { Member } from "./api";

export interface Context {
  speech: Speech<ConsoleWords>;
  reasons: Record<string, string[]>;
  notice: (text: string, undo?: () => void) => void;
  guard: (reason: unknown) => void;
  member: Member;
}

export interface Screen {
  readonly el: HTMLElement;
  close(): void;
}

export type Open = (on: Context, id: string) => Promise<Screen>;
