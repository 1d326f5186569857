/** The big screen: photos as they come, for a room full of people; it needs no hand and survives without a network. */

import "./screen.css";

import words from "../../words/screen.json";
import { type Carrier, follow } from "./follow";
import { Roll } from "./roll";
import { type Choice, CHOICES, Reel } from "./screen/reel";
import { type Scene, type Show, Slides, Spotlight, Wall } from "./screen/shows";
import { Speech } from "./speech";
import type { Album, EventCard, Photo } from "./wire";

export type ScreenWords = keyof typeof words;

interface Boot {
  event: EventCard;
  album: Album;
  photos: Photo[];
  next: number | null;
}

const SHOWS = { wall: Wall, slides: Slides, spotlight: Spotlight };
type Mode = keyof typeof SHOWS;

const boot = JSON.parse(document.getElementById("boot")?.textContent ?? "{}") as Boot;
const asked = new URLSearchParams(location.search);
const speech = new Speech<ScreenWords>(words);
const chosen = CHOICES.find((one) => one === asked.get("show")) ?? "all";
const reel = new Reel(new Roll(boot.album.revision, boot), Number(asked.get("safe") ?? 0) * 1000, chosen);
const stage = document.querySelector<HTMLElement>("#stage") ?? document.body;

let mode: Mode = isMode(asked.get("mode")) ?? "wall";
let shuffle = asked.get("order") === "shuffle";
document.getElementById("shuffle")?.setAttribute("aria-pressed", String(shuffle));
let paused = false;
let photos = boot.album.photos;
let timer: ReturnType<typeof setTimeout> | undefined;
const scene: Scene = { stage, reel, speech, shuffle: () => shuffle };
let show: Show = open(mode);

function isMode(said: string | null): Mode | undefined {
  return said !== null && said in SHOWS ? (said as Mode) : undefined;
}

function open(chosen: Mode): Show {
  mode = chosen;
  document.body.dataset["mode"] = mode;
  for (const button of document.querySelectorAll<HTMLElement>("[data-show]")) {
    button.setAttribute("aria-pressed", String(button.dataset["show"] === mode));
  }
  note("mode", mode);
  stage.replaceChildren();
  const opened = new SHOWS[mode](scene);
  tick(opened);
  return opened;
}

/** The address says all that was chosen, so that a restart shows the same. */
function note(name: string, value: string): void {
  asked.set(name, value);
  history.replaceState(null, "", `?${asked.toString()}`);
}

/** Something moves every few seconds even when nobody takes a photo; a new photo starts the wait anew. */
function tick(current: Show): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (!paused) current.step();
    tick(current);
  }, current.stepMs);
}

reel.ready = ({ photo, fresh }) => {
  show.arrive(photo, fresh);
  document.body.classList.add("lit");
  if (fresh) tick(show);
};
reel.better = (photo) => show.better(photo);
reel.gone = (id) => show.remove(id);

let front = 0;
follow(boot.album.id, {
  front: () => front,
  turn: (now) => {
    const title = document.querySelector("h1");
    if (!now || !title) return;
    front = now.revision;
    title.textContent = now.title;
    boot.event.state = now.state;
    draw("stream");
  },
  cursor: () => reel.cursor,
  hear: (changes) => {
    reel.hear(changes);
    photos += changes.filter((change) => !("hidden" in change) && change.position === change.revision).length;
    draw();
  },
  tell: (carrier) => draw(carrier),
  refused: () => draw("none"),
});

function draw(carrier?: Carrier): void {
  const pulse = document.getElementById("pulse");
  if (!pulse) return;
  const state = boot.event.state === "closed" ? "closed" : carrier === "none" ? "offline" : "live";
  if (carrier) pulse.dataset["state"] = state;
  const [name, count] = pulse.querySelectorAll("[data-part]");
  if (name && carrier) name.textContent = speech.say(state);
  if (count) count.textContent = speech.say("count", { n: speech.number(photos) });
}

function pause(): void {
  paused = !paused;
  document.getElementById("pause")?.setAttribute("aria-pressed", String(paused));
}

async function fill(): Promise<void> {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await document.documentElement.requestFullscreen().catch(() => undefined);
}

function mix(): void {
  shuffle = !shuffle;
  note("order", shuffle ? "shuffle" : "newest");
  document.getElementById("shuffle")?.setAttribute("aria-pressed", String(shuffle));
}

const KEYS: Record<string, () => void> = {
  "1": () => (show = open("wall")),
  "2": () => (show = open("slides")),
  "3": () => (show = open("spotlight")),
  " ": pause,
  ArrowRight: () => show.step(),
  f: () => void fill(),
  s: mix,
};

addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLButtonElement && event.key === " ") return;
  KEYS[event.key]?.();
});
/** A choice of the controls: another album is another page, the rest happens here. */
document.querySelector(".controls")?.addEventListener("change", (event) => {
  const { id, value } = event.target as HTMLSelectElement;
  note(id, value);
  if (id === "album") location.reload();
  if (id === "safe") reel.safeMs = Number(value) * 1000;
  if (id === "show") {
    reel.choose(value as Choice);
    show = open(mode);
  }
});
/** One press asks, a second one on the same photo takes it off this screen. */
stage.addEventListener("click", (event) => {
  const place = (event.target as HTMLElement).closest<HTMLElement>(".place");
  const asking = stage.querySelector<HTMLElement>(".asking");
  asking?.classList.remove("asking");
  if (!place?.dataset["id"]) return;
  if (place === asking) reel.bar(place.dataset["id"]);
  else place.classList.add("asking");
});
document.querySelector(".controls")?.addEventListener("click", (event) => {
  const button = (event.target as HTMLElement).closest("button");
  const chosen = isMode(button?.dataset["show"] ?? null);
  if (chosen) show = open(chosen);
  else if (button?.id === "pause") pause();
  else if (button?.id === "shuffle") mix();
  else if (button?.id === "fullscreen") void fill();
});

for (const [id, value] of [["show", chosen], ["safe", asked.get("safe") ?? "0"]] as const) {
  const select = document.querySelector<HTMLSelectElement>(`#${id}`);
  if (select) select.value = value;
}

let rest: ReturnType<typeof setTimeout> | undefined;
function stir(): void {
  document.body.classList.add("awake");
  clearTimeout(rest);
  rest = setTimeout(() => {
    document.body.classList.remove("awake");
    stage.querySelector(".asking")?.classList.remove("asking");
  }, 4_000);
}
addEventListener("pointermove", stir);
addEventListener("focusin", stir);

let sized: ReturnType<typeof setTimeout> | undefined;
addEventListener("resize", () => {
  clearTimeout(sized);
  sized = setTimeout(() => show.resize(), 200);
});

/** A screen that goes dark in the middle of the evening is no screen. */
async function stayLit(): Promise<void> {
  if ("wakeLock" in navigator && !document.hidden) await navigator.wakeLock.request("screen").catch(() => undefined);
}
document.addEventListener("visibilitychange", () => void stayLit());
void stayLit();
if ("serviceWorker" in navigator) void navigator.serviceWorker.register("/sw.js").catch(() => undefined);
