// Timelines: older posts join at the end as you reach it, newer ones are offered and never move what you read.
import { hear } from "./live.js";
import { page } from "./server.js";

const EVERY = 30000;
const TOGETHER = 500;

export function startLists() {
  const list = document.querySelector("[data-posts]");
  if (!list) return;
  follow(list);
  const place = document.querySelector("[data-fresh]");
  if (place && !new URLSearchParams(location.search).has("max_id")) offer(list, place);
}

const known = () => new Set([...document.querySelectorAll("article.post")].map((one) => one.id));

function skeleton() {
  const box = document.createElement("div");
  box.className = "skeleton";
  box.setAttribute("aria-hidden", "true");
  box.append(...["i", "i", "i"].map((name) => document.createElement(name)));
  return box;
}

function follow(list) {
  const watcher = new IntersectionObserver(
    async (entries) => {
      const seen = entries.find((entry) => entry.isIntersecting);
      if (!seen) return;
      const link = seen.target;
      watcher.unobserve(link);
      const bones = skeleton();
      list.append(bones);
      try {
        const next = await page(link.href);
        const have = known();
        const more = [...next.querySelectorAll("[data-posts] > *")].filter((one) => !have.has(one.id));
        bones.replaceWith(...more.map((one) => document.adoptNode(one)));
        const pager = next.querySelector(".pager");
        pager?.querySelector("a[rel='prev']")?.remove();
        const old = link.closest(".pager");
        if (pager) old.replaceWith(document.adoptNode(pager));
        else old.remove();
        watch();
      } catch {
        bones.remove(); // The link is still there to be pressed.
      }
    },
    { rootMargin: "800px 0px" },
  );
  const watch = () => document.querySelectorAll(".pager a[rel='next']").forEach((link) => watcher.observe(link));
  watch();
}

function offer(list, place) {
  const newest = () => list.querySelector("article.post")?.dataset.id || "0";
  let waiting = 0;
  const link = document.createElement("a");
  link.className = "button compact";
  link.href = place.dataset.fresh;
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    try {
      const now = await page(place.dataset.fresh);
      const have = known();
      const all = [...now.querySelectorAll("[data-posts] > article.post")];
      const fresh = all.filter((one) => !have.has(one.id));
      // A whole page of new posts may leave a gap behind it: then start again from the top.
      if (fresh.length === all.length) throw new Error("gap");
      list.prepend(...fresh.map((one) => document.adoptNode(one)));
      place.hidden = true;
      waiting = 0;
      scrollTo({ top: 0 });
      list.querySelector("article.post")?.focus({ preventScroll: true });
    } catch {
      location.assign(place.dataset.fresh);
    }
  });
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(`/web/fresh?timeline=${encodeURIComponent(place.dataset.fresh)}&since_id=${newest()}`, {
        headers: { Accept: "application/json" },
        credentials: "same-origin",
      });
      if (!answer.ok) return;
      const { count } = await answer.json();
      if (!count || count === waiting) return;
      waiting = count;
      link.textContent = count > 39 ? "40 or more new posts" : count === 1 ? "1 new post" : `${count} new posts`;
      place.replaceChildren(link);
      place.hidden = false;
    } catch {
      // Off-line for a moment: ask again next time.
    }
  };
  // A burst of news is one question.
  let soon = 0;
  hear(place.dataset.stream, ["update"], () => {
    clearTimeout(soon);
    soon = setTimeout(ask, TOGETHER);
  });
  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
}
