// Like, boost, bookmark and follow: show the new state at once, take it back with a message when the server says no.
import { say } from "./messages.js";
import { Refused, send } from "./server.js";
import { compact } from "./times.js";

const KINDS = {
  like: { on: "favourited", count: "favourites_count", do: "like", undo: "unlike", label: "Like", title: "Undo the like" },
  boost: { on: "reblogged", count: "reblogs_count", do: "boost", undo: "unboost", label: "Boost", title: "Undo the boost" },
  bookmark: { on: "bookmarked", do: "bookmark", undo: "unbookmark", label: "Bookmark", title: "Remove the bookmark" },
};

export function startActions() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    if (form.matches("form[data-post]") && button?.dataset.act in KINDS) {
      event.preventDefault();
      toggle(form, button);
    } else if (form.matches("form[data-follow]")) {
      event.preventDefault();
      follow(form);
    }
  });
}

function read(button) {
  const count = button.querySelector(".n");
  return { on: button.getAttribute("aria-pressed") === "true", shown: count.textContent };
}

// The same post may stand on the page more than once (a boost beside the original): all of them change together.
function twins(form, act) {
  return document.querySelectorAll(`form[data-post="${CSS.escape(form.dataset.post)}"] [data-act="${act}"]`);
}

function paint(button, on, shown) {
  const kind = KINDS[button.dataset.act];
  const base = button.getAttribute("formaction").replace(/[^/]+$/, "");
  button.setAttribute("aria-pressed", String(on));
  button.setAttribute("formaction", base + (on ? kind.undo : kind.do));
  button.title = on ? kind.title : kind.label;
  button.setAttribute("aria-label", shown ? `${kind.label}, ${shown}` : kind.label);
  button.querySelector(".n").textContent = shown;
}

async function toggle(form, button) {
  if (button.dataset.busy) return;
  const kind = KINDS[button.dataset.act];
  const before = read(button);
  const all = [...twins(form, button.dataset.act)];
  const number = /^\d*$/.test(before.shown) ? Number(before.shown) + (before.on ? -1 : 1) : null;
  const address = button.getAttribute("formaction");
  const guess = kind.count ? (number === null ? before.shown : number > 0 ? String(number) : "") : "";
  for (const one of all) {
    one.dataset.busy = "1";
    paint(one, !before.on, guess);
  }
  try {
    const { post } = await send(address, form);
    if (post) for (const one of all) paint(one, post[kind.on], kind.count && post[kind.count] ? compact(post[kind.count]) : "");
  } catch (problem) {
    for (const one of all) paint(one, before.on, before.shown);
    say(problem instanceof Refused ? problem.message : "That did not work. Try again in a moment.");
  } finally {
    for (const one of all) delete one.dataset.busy;
  }
}

const STATES = {
  follow: { go: "follow", css: "button", label: "Follow" },
  back: { go: "follow", css: "button", label: "Follow back" },
  following: { go: "unfollow", css: "button ghost is-following", label: "Following", hover: "Unfollow" },
  requested: { go: "unfollow", css: "button ghost is-following", label: "Requested", hover: "Withdraw" },
};

function stateOf(relationship) {
  if (relationship.following) return STATES.following;
  if (relationship.requested) return STATES.requested;
  return relationship.followed_by ? STATES.back : STATES.follow;
}

function dress(form, state) {
  const button = form.querySelector("button");
  form.action = form.getAttribute("action").replace(/[^/]+$/, state.go);
  button.className = state.css + form.dataset.size;
  button.setAttribute("aria-label", `${state.hover || state.label} ${form.dataset.name}`);
  button.replaceChildren();
  // What was just pressed says its new state; what it would undo is for the next time the pointer comes.
  button.classList.add("just-now");
  button.addEventListener("pointerleave", () => button.classList.remove("just-now"), { once: true });
  if (!state.hover) {
    button.textContent = state.label;
    return;
  }
  for (const [css, text] of [["at-rest", state.label], ["on-hover", state.hover]]) {
    const span = document.createElement("span");
    span.className = css;
    span.textContent = text;
    button.append(span);
  }
}

async function follow(form) {
  if (form.dataset.busy) return;
  form.dataset.busy = "1";
  const button = form.querySelector("button");
  const address = form.getAttribute("action");
  const before = { action: address, css: button.className, label: button.getAttribute("aria-label"), inside: [...button.childNodes] };
  dress(form, address.endsWith("/follow") ? STATES.requested : STATES.follow);
  try {
    const { relationship } = await send(address, form);
    dress(form, stateOf(relationship));
    if (relationship.requested) say("Asked. You will see their posts once they accept.");
  } catch (problem) {
    form.action = before.action;
    button.className = before.css;
    button.setAttribute("aria-label", before.label);
    button.replaceChildren(...before.inside);
    say(problem instanceof Refused ? problem.message : "That did not work. Try again in a moment.");
  } finally {
    delete form.dataset.busy;
  }
}
