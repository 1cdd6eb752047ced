// The server tells of what is new as it happens. Only a page that is looked at listens; the browser reconnects by itself.
// Who listens to the same shares one connection.
const open = new Map();

export function hear(url, kinds, told) {
  if (!url || !("EventSource" in window)) return;
  const line = open.get(url) ?? connect(url);
  for (const kind of kinds) line.listen(kind, told);
}

function connect(url) {
  let source = null;
  const wanted = [];
  const settle = () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else if (!source) {
      source = new EventSource(url);
      for (const [kind, told] of wanted) source.addEventListener(kind, told);
    }
  };
  const line = {
    listen(kind, told) {
      wanted.push([kind, told]);
      source?.addEventListener(kind, told);
    },
  };
  open.set(url, line);
  document.addEventListener("visibilitychange", settle);
  settle();
  return line;
}
