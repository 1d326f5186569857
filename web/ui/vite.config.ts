import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { defineConfig, type Plugin } from "vite";

/** Vite's own helper for late parts is 1 KB of every first load; the page's loader fetches them whole (web/templates/loader.js). */
const TRIES = 4;
const LATE = `
export const __vitePreload = (load, needed) => Promise.all(needed.map((file) => whole("/assets/" + file, ${TRIES}))).then(load);
`;

const smallHelper: Plugin = {
  name: "small-preload-helper",
  enforce: "pre",
  load: (id) => (id === "\0vite/preload-helper.js" ? LATE : undefined),
};

/** What is compressed once at build time need not be compressed per request. */
const compressed: Plugin = {
  name: "compressed",
  writeBundle: ({ dir = "" }) => {
    for (const name of readdirSync(dir).filter((file) => /\.(js|css)$/.test(file))) {
      writeFileSync(join(dir, `${name}.gz`), gzipSync(readFileSync(join(dir, name)), { level: 9 }));
    }
  },
};

// Every page is rendered by the platform (web/pages.py) and names its entry; the manifests tell it the hashed files.
// Two builds, so that what guests load first is one file of its own and shares no chunk with the crew's screens.
const BUILDS = {
  guest: ["src/album.ts", "src/message.ts", "src/worker/sw.ts"],
  crew: ["src/screen.ts", "src/console.ts"],
};

export default defineConfig(({ mode }) => ({
  base: "/assets/",
  plugins: [smallHelper, compressed],
  build: {
    outDir: "../dist",
    emptyOutDir: mode === "guest",
    manifest: `manifest-${mode}.json`,
    assetsDir: ".",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false, resolveDependencies: (part, needed) => [...new Set([part, ...needed])] },
    target: "es2022", // Chrome 94, Safari 15, Firefox 93 (no static blocks in our classes, which Safari learnt later)
    cssTarget: ["chrome94", "safari15", "firefox93"],
    rolldownOptions: { input: mode === "crew" ? BUILDS.crew : BUILDS.guest },
  },
}));
