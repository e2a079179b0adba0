/** Milliseconds that a page may take to show what it has. */
const patience = 20_000;

/** Brings the part of a page with this heading into view, as soon as it is there. */
export function reach(heading: string): void {
  const isThere = (): boolean => {
    const found = [...document.querySelectorAll("main h2")].find(
      (one) => one.textContent?.trim() === heading,
    );
    if (!(found instanceof HTMLElement)) return false;
    found.tabIndex = -1;
    found.focus({ preventScroll: true });
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    found.scrollIntoView({
      behavior: still ? "auto" : "smooth",
      block: "start",
    });
    return true;
  };
  if (isThere()) return;
  const watcher = new MutationObserver(() => {
    if (isThere()) end();
  });
  const timer = setTimeout(() => end(), patience);
  const end = (): void => {
    watcher.disconnect();
    clearTimeout(timer);
  };
  watcher.observe(document.body, { childList: true, subtree: true });
}
