// While other servers are asked for more of this page: what comes in is offered, and put in its place when asked for.
import { page } from "./server.js";

const EVERY = 2000;
const ROUNDS = 170;

export function startRefresh() {
  const place = document.querySelector("[data-refresh]");
  if (place) watch(place, ROUNDS);
}

const posts = (root) => [...root.querySelectorAll("[data-posts] article.post")];

async function watch(place, rounds) {
  let seen = Number(place.dataset.count);
  const words = place.firstElementChild;
  for (let round = 0; round < rounds; round += 1) {
    await new Promise((done) => setTimeout(done, EVERY));
    if (document.hidden) continue;
    let state;
    try {
      const answer = await fetch(`/web/refreshes/${place.dataset.refresh}`, {
        headers: { Accept: "application/json" },
        credentials: "same-origin",
      });
      if (!answer.ok) break;
      state = await answer.json();
    } catch {
      continue; // Off-line for a moment: ask again next time.
    }
    if (state.count > seen || !state.running) {
      seen = state.count;
      await offer(place);
    }
    if (!state.running) {
      if (document.querySelector("article.post")) words.remove();
      else words.textContent = `No ${place.dataset.many} were found.`;
      place.querySelector("a:not(.button)")?.remove();
      if (!place.children.length) place.hidden = true;
      return;
    }
  }
  words.remove();
}

// Nothing moves under the reader: only an empty list is filled at once.
async function offer(place) {
  let next;
  try {
    next = await page(location.href);
  } catch {
    return;
  }
  const have = new Set(posts(document).map((one) => one.id));
  const fresh = posts(next).filter((one) => !have.has(one.id));
  if (!fresh.length) return;
  if (have.size <= (document.querySelector("article.post.is-focus") ? 1 : 0)) {
    insert(next, have);
    return;
  }
  let button = place.querySelector("button");
  if (!button) {
    button = document.createElement("button");
    button.className = "button compact";
    place.append(button);
  }
  const noun = fresh.length === 1 ? place.dataset.one : place.dataset.many;
  button.textContent = `Show ${fresh.length} new ${noun}`;
  button.onclick = () => {
    const first = insert(next, new Set(posts(document).map((one) => one.id)));
    button.remove();
    first?.focus({ preventScroll: true });
    if (!place.children.length) place.hidden = true;
  };
}

// Each new post goes behind the one that stands before it on the page as it is now. Returns the first new one.
function insert(next, have) {
  const list = document.querySelector("[data-posts]");
  let before = null;
  let first = null;
  for (const one of posts(next)) {
    if (have.has(one.id)) {
      before = document.getElementById(one.id);
      continue;
    }
    const moved = document.adoptNode(one);
    // What is no post, such as the composer, stays with the post it stands under.
    while (before?.nextElementSibling && !before.nextElementSibling.matches("article.post")) before = before.nextElementSibling;
    if (before) before.after(moved);
    else list.prepend(moved);
    before = moved;
    first ??= moved;
  }
  return first;
}
