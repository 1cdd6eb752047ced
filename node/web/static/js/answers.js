// Votes and reactions without leaving the page: what the server draws anew takes the place of what stood there.
import { say } from "./messages.js";
import { Refused, page, send } from "./server.js";

export function startAnswers() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-answer]")) return;
    event.preventDefault();
    answer(form, event.submitter);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.act.react");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose(link);
  });
}

async function answer(form, button) {
  if (form.dataset.busy) return;
  form.dataset.busy = "1";
  try {
    const { html } = await send(button?.getAttribute("formaction") || form.getAttribute("action"), form, button);
    const drawn = new DOMParser().parseFromString(html, "text/html");
    form.closest("dialog")?.close();
    place(drawn, form.dataset.answer, button);
  } catch (problem) {
    refuse(form, problem instanceof Refused ? problem.message : "That did not work. Try again in a moment.");
  } finally {
    delete form.dataset.busy;
  }
}

// Over a dialog no message of the page is seen or read aloud: there it stands in the form itself.
function refuse(form, words) {
  if (!form.closest("dialog")) {
    say(words);
    return;
  }
  let line = form.querySelector(".wrong");
  if (!line) {
    line = document.createElement("p");
    line.className = "wrong";
    line.setAttribute("role", "alert");
    form.append(line);
  }
  line.textContent = words;
}

// The same post may stand on the page more than once: each gets the new parts. The focus stays where the press was.
function place(drawn, id, button) {
  const poll = drawn.querySelector(".poll");
  const reactions = drawn.querySelector(".reactions");
  const inside = button?.closest(".poll, .post .reactions");
  const here = inside?.closest("article");
  for (const actions of document.querySelectorAll(`form.actions[data-post="${CSS.escape(id)}"]`)) {
    const post = actions.closest("article");
    const of = `[data-of="${CSS.escape(id)}"]`;
    const old = post.querySelector(`.reactions${of}`);
    if (poll) post.querySelector(`.poll${of}`)?.replaceWith(poll.cloneNode(true));
    if (!reactions) old?.remove();
    else if (old) old.replaceWith(reactions.cloneNode(true));
    else actions.before(reactions.cloneNode(true));
    if (post !== here) continue;
    const same = [...post.querySelectorAll(`.reactions${of} button`)].find((one) => one.value === button.value);
    const target = inside.matches(".poll") ? post.querySelector(`.poll${of}`) : same || actions.querySelector(".react");
    target?.focus({ preventScroll: true });
  }
}

// The page of emoji, in a dialog over what is being read; without it the link leads there.
async function choose(link) {
  let found;
  try {
    found = await page(link.href);
  } catch {
    location.assign(link.href);
    return;
  }
  const dialog = document.createElement("dialog");
  dialog.className = "choose";
  dialog.setAttribute("aria-label", "React with an emoji");
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button ghost compact";
  close.textContent = "Cancel";
  close.addEventListener("click", () => dialog.close());
  dialog.append(...[...found.querySelectorAll("[data-emoji]")].map((one) => document.adoptNode(one)), close);
  dialog.addEventListener("close", () => {
    dialog.remove();
    link.focus({ preventScroll: true });
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}
