// The server tells of what is new as it happens. Only a page that is looked at listens; the browser reconnects by itself.
export function hear(url, kinds, told) {
  if (!url || !("EventSource" in window)) return;
  let source = null;
  const settle = () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else if (!source) {
      source = new EventSource(url);
      for (const kind of kinds) source.addEventListener(kind, told);
    }
  };
  document.addEventListener("visibilitychange", settle);
  settle();
}
