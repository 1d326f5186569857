/** Keys of a screen, as long as nobody is typing, sliding or pressing a button. */

type Act = () => unknown;

function taken(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const at = event.target;
  if (at instanceof HTMLSelectElement || at instanceof HTMLTextAreaElement) return true;
  if (at instanceof HTMLButtonElement) return event.key === "Enter";
  if (!(at instanceof HTMLInputElement)) return false;
  if (at.type === "range") return event.key.startsWith("Arrow") || event.key === "Home";
  return at.type !== "checkbox";
}

export function onKeys(find: (key: string) => Act | undefined): (event: KeyboardEvent) => void {
  return (event) => {
    const act = taken(event) ? undefined : find(event.key);
    if (!act) return;
    event.preventDefault();
    void act();
  };
}
