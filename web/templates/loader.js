{# Every file of a page comes whole, however much the network loses. A browser may never ask again for a module that
   failed once, so its bytes lie in the browser's cache before it is imported: `whole` is also what late parts are
   loaded with (web/ui/vite.config.ts). A page of which only the beginning came is asked for anew. -#}
(() => {
  const STALL_MS = 15_000, LAST_MS = 8_000, LOOK_MS = 4_000;
  const files = {{ built.files | tojson }};
  const here = {};
  const rest = (ms) => new Promise((done) => setTimeout(done, ms));
  const bytes = async (url, tries) => {
    for (let n = 1; ; n++) {
      const stop = new AbortController();
      const stalled = setTimeout(() => stop.abort(), STALL_MS);
      try {
        const answer = await fetch(url, { signal: stop.signal });
        await answer.arrayBuffer();
        if (answer.status < 500) return;
        throw new Error(`${url}: ${answer.status}`);
      } catch (reason) {
        if (n >= tries) throw reason;
      } finally {
        clearTimeout(stalled);
      }
      await rest(Math.min(150 * 2 ** n, LAST_MS));
    }
  };
  const sheet = (href) => new Promise((done) => {
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href, onload: done, onerror: done }));
  });
  window.whole = (url, tries = Infinity) => here[url] ??= bytes(url, tries)
    .then(() => url.endsWith(".css") ? sheet(url) : undefined)
    .catch((reason) => { delete here[url]; throw reason; });
  const all = Promise.all(files.map((file) => whole(file)));
  let length = 0;
  const watch = setInterval(() => {
    const now = document.querySelectorAll("*").length;
    if (now === length) {
      clearInterval(watch);
      void all.then(() => location.reload());
    }
    length = now;
  }, LOOK_MS);
  window.begin = () => {
    clearInterval(watch);
    void all.then(() => import(files[0]));
  };
})();
