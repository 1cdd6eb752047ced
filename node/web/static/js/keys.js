// One hand on the keyboard: j and k walk through the posts, l, b and r act on the one you are at.
const HELP = [
  ["j / k", "Next post, post before"],
  ["Enter", "Open the post"],
  ["r", "Reply"],
  ["l", "Like"],
  ["b", "Boost"],
  ["n", "Write a post"],
  ["/", "Search"],
  ["?", "This list"],
];

export function startKeys() {
  let current = null;
  const posts = () => [...document.querySelectorAll("article.post")];

  const move = (step) => {
    const all = posts();
    if (!all.length) return;
    let next = all.indexOf(current);
    if (next < 0) {
      next = all.findIndex((post) => post.getBoundingClientRect().bottom > 80);
      if (step < 0) next -= 1;
    } else next += step;
    const target = all[Math.max(0, Math.min(all.length - 1, next))];
    current?.classList.remove("is-current");
    current = target;
    current.classList.add("is-current");
    current.focus({ preventScroll: true });
    current.scrollIntoView({ block: "nearest" });
  };
  const press = (selector) => (current || document.activeElement?.closest?.("article.post"))?.querySelector(selector)?.click();
  const help = () => {
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-label", "Keys");
    const title = document.createElement("h2");
    title.textContent = "Keys";
    const list = document.createElement("dl");
    list.className = "keys";
    for (const [key, what] of HELP) {
      const name = document.createElement("dt");
      const kbd = document.createElement("kbd");
      kbd.textContent = key;
      name.append(kbd);
      const words = document.createElement("dd");
      words.textContent = what;
      list.append(name, words);
    }
    const close = document.createElement("button");
    close.className = "button compact";
    close.textContent = "Close";
    close.addEventListener("click", () => dialog.close());
    dialog.append(title, list, close);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };
  const compose = () => {
    const text = document.querySelector('form[data-draft="new"] textarea.text');
    if (text) text.focus();
    else document.querySelector("a[data-compose]")?.click();
  };
  const search = () => {
    const box = [...document.querySelectorAll('input[type="search"]')].find((one) => one.offsetParent);
    if (box) box.focus();
    else location.assign("/search");
  };
  const table = {
    j: () => move(1),
    k: () => move(-1),
    l: () => press('[data-act="like"]'),
    b: () => press('[data-act="boost"]:not(:disabled)'),
    r: () => press(".act.reply"),
    n: compose,
    "/": search,
    "?": help,
  };

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (target.closest("input, textarea, select, [contenteditable]")) {
      if (event.key === "Escape") target.blur();
      return;
    }
    if (event.key === "Enter" && target === current) {
      current.querySelector(".permalink")?.click();
      return;
    }
    const action = table[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
