// Numbers in the navigation as they are now, and an offer on the notifications page. Nothing moves under the reader.
import { hear } from "./live.js";

const HOME = "/api/v1/streaming/user";
const TOLD = "/api/v1/streaming/user/notification";
const TOGETHER = 500;

export function startNews() {
  const places = [...document.querySelectorAll("[data-badge]")];
  if (!places.length) return;
  // One connection a page: home hears of notifications by its own.
  const url = document.querySelector(`[data-stream="${HOME}"]`) ? HOME : TOLD;
  let soon = 0;
  const ask = () => {
    clearTimeout(soon);
    soon = setTimeout(() => count(places), TOGETHER);
  };
  hear(url, ["notification", "notifications_merged"], ask);
  document.addEventListener("visibilitychange", () => document.hidden || ask());
  const offered = document.querySelector("[data-news]");
  if (offered && !location.search.includes("_id=")) offer(offered, url);
}

async function count(places) {
  let numbers;
  try {
    const answer = await fetch("/web/badges", { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (!answer.ok) return;
    numbers = await answer.json();
  } catch {
    return; // Off-line for a moment: the next news asks again.
  }
  for (const place of places) show(place, numbers[place.dataset.badge] ?? 0);
}

function show(place, number) {
  let badge = place.querySelector(".badge");
  if (!number) {
    badge?.remove();
  } else {
    if (!badge) {
      badge = document.createElement("span");
      badge.className = "badge";
      place.append(badge);
    }
    const words = document.createElement("span");
    words.className = "vh";
    words.textContent = " new";
    badge.replaceChildren(number > 999 ? "999+" : String(number), words);
  }
  if (place.dataset.label) {
    place.setAttribute("aria-label", number ? `${place.dataset.label}, ${number} new` : place.dataset.label);
  }
}

function offer(place, url) {
  const waiting = new Set();
  const link = document.createElement("a");
  link.className = "button compact";
  link.href = place.dataset.news;
  hear(url, ["notification"], (event) => {
    const told = JSON.parse(event.data);
    if (document.getElementById(`note-${told.id}`)) return;
    if (place.dataset.only && told.type !== place.dataset.only) return;
    waiting.add(told.id);
    link.textContent = waiting.size === 1 ? "1 new notification" : `${waiting.size} new notifications`;
    if (!link.isConnected) place.replaceChildren(link);
    place.hidden = false;
  });
}
