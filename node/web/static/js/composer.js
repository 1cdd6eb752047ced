// The composer: how much room is left, drafts that survive, Ctrl+Enter, one media slot at a time, pasted files.
import { say } from "./messages.js";

const EVERY = 2000; // between two questions whether a film is ready

const segments = "Segmenter" in Intl ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;

// As the server counts (node/posts/text.py): a link is 23 characters, a mention only its user name.
export function countCharacters(text) {
  const short = text
    .replace(/https?:\/\/[^\s<>"]+/gi, "x".repeat(23))
    .replace(/(^|[^\w/])(@\w+)@[\w.-]+(:\d+)?/g, "$1$2")
    .normalize("NFC");
  return segments ? [...segments.segment(short)].length : [...short].length;
}

const viewer = () => document.querySelector('meta[name="viewer"]')?.content;
const keyOf = (form) => `rookery:draft:${viewer()}:${form.dataset.draft}`;

function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(key) || "null");
  } catch {
    return null;
  }
}

function keep(key, draft) {
  try {
    if (draft) localStorage.setItem(key, JSON.stringify(draft));
    else localStorage.removeItem(key);
  } catch {
    // Storage may be full or switched off; writing must go on without it.
  }
}

function draftsOfMine() {
  return Object.keys(localStorage).filter((key) => key.startsWith(`rookery:draft:${viewer()}:`));
}

// A draft that was sent goes once the server has answered with anything but a refusal.
function settleSent() {
  const failed = document.querySelector(".error-page");
  for (const key of draftsOfMine()) {
    const draft = recall(key);
    if (!draft?.sent) continue;
    const form = [...document.querySelectorAll("form[data-draft]")].find((one) => keyOf(one) === key);
    const refused = form?.querySelector('[aria-invalid="true"], .wrong');
    keep(key, failed || refused ? { ...draft, sent: false } : null);
  }
}

export function startComposers() {
  if (!viewer()) return;
  try {
    settleSent();
  } catch {
    return;
  } finally {
    document.querySelectorAll("form[data-draft]").forEach(enhance);
  }
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action") === "/auth/sign_out") draftsOfMine().forEach((key) => keep(key, null));
  });
}

function enhance(form) {
  const text = form.elements.text;
  const warning = form.elements.spoiler_text;
  const wantsWarning = form.querySelector(".wants-cw");
  const counter = form.querySelector("[data-counter]");
  const button = form.querySelector(".send .button");
  const limit = Number(form.dataset.limit);

  const draft = recall(keyOf(form));
  if (draft && text.value === text.defaultValue && !form.querySelector(".wrong")) {
    if (draft.text) text.value = draft.text;
    if (draft.warning) {
      warning.value = draft.warning;
      wantsWarning.checked = true;
    }
  }

  const measure = () => {
    const used = countCharacters(text.value) + (wantsWarning.checked ? countCharacters(warning.value) : 0);
    const left = limit - used;
    counter.textContent = String(left);
    counter.title = left < 0 ? `${-left} characters too many` : `${left} characters left`;
    counter.classList.toggle("is-near", left >= 0 && left <= limit * 0.1);
    counter.classList.toggle("is-over", left < 0);
    button.disabled = left < 0;
  };
  const remember = () => {
    const changed = text.value !== text.defaultValue || warning.value !== warning.defaultValue;
    keep(keyOf(form), changed && (text.value || warning.value) ? { text: text.value, warning: warning.value } : null);
  };
  form.addEventListener("input", () => {
    measure();
    remember();
  });
  wantsWarning.addEventListener("change", () => {
    measure();
    if (wantsWarning.checked) warning.focus();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!button.disabled) form.requestSubmit(button);
    }
  });
  const media = enhanceMedia(form);
  form.addEventListener("submit", (event) => {
    if (media.lacksDescription() && !form.dataset.reminded) {
      event.preventDefault();
      form.dataset.reminded = "1";
      media.lacksDescription().focus();
      say("A file has no description yet. Add one, or post again to go without.");
      return;
    }
    const stored = recall(keyOf(form));
    if (stored) keep(keyOf(form), { ...stored, sent: true });
    button.disabled = true;
    form.querySelector("[data-sending]").hidden = !media.hasFiles();
  });
  addEventListener("pageshow", () => {
    form.querySelector("[data-sending]").hidden = true;
    measure();
  });
  if (location.hash === "#text" || text.autofocus) {
    text.focus();
    text.setSelectionRange(text.value.length, text.value.length);
  }
  measure();
}

function enhanceMedia(form) {
  const slots = [...form.querySelectorAll("[data-slot]")];
  const wants = form.querySelector(".wants-media");
  const fileOf = (slot) => slot.querySelector('input[type="file"]');
  const arrange = () => {
    let spare = false;
    for (const slot of slots) {
      const used = fileOf(slot).files.length > 0;
      slot.hidden = !used && spare;
      if (!used) spare = true;
    }
  };
  const show = (slot) => {
    const file = fileOf(slot).files[0];
    const old = slot.querySelector(".thumb");
    if (!file?.type.startsWith("image/")) return;
    const image = document.createElement("img");
    image.className = "thumb";
    image.alt = "";
    image.src = URL.createObjectURL(file);
    old.replaceWith(image);
  };
  const add = (files) => {
    const taken = [...files].filter((file) => /^(image|video|audio)\//.test(file.type));
    for (const file of taken) {
      const free = slots.find((slot) => !fileOf(slot).files.length);
      if (!free) {
        say(`At most ${form.dataset.media} files fit in one post.`);
        break;
      }
      const transfer = new DataTransfer();
      transfer.items.add(file);
      fileOf(free).files = transfer.files;
      show(free);
    }
    if (taken.length) {
      wants.checked = true;
      arrange();
    }
    return taken.length > 0;
  };
  for (const slot of slots) {
    fileOf(slot).addEventListener("change", () => {
      show(slot);
      arrange();
      delete form.dataset.reminded;
    });
  }
  form.addEventListener("paste", (event) => add(event.clipboardData?.files || []) && event.preventDefault());
  form.addEventListener("dragover", (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
  form.addEventListener("drop", (event) => {
    if (event.dataTransfer?.files.length) {
      event.preventDefault();
      add(event.dataTransfer.files);
    }
  });
  arrange();
  form.querySelectorAll("[data-processing]").forEach(waitFor);
  const hasFiles = () => slots.some((slot) => fileOf(slot).files.length > 0);
  const lacksDescription = () =>
    slots.filter((slot) => fileOf(slot).files.length).map((slot) => slot.querySelector("textarea")).find((one) => !one.value.trim());
  return { lacksDescription, hasFiles };
}

// A film that is still being prepared: says when it is ready, or why it never will be.
async function waitFor(note) {
  const answer = await fetch(`/web/media/${note.dataset.processing}`, {
    headers: { Accept: "application/json" },
    credentials: "same-origin",
  }).catch(() => null);
  const found = answer?.ok ? await answer.json().catch(() => null) : null;
  if (found && found.state !== "processing") {
    note.textContent = found.state === "ready" ? "Ready: you can post it now." : `${found.problem}. Remove it to go on.`;
    return;
  }
  if (!answer || answer.ok || answer.status >= 500) setTimeout(waitFor, EVERY, note);
}

// Times are typed in the zone of this browser, not in the one that is set for people without a script.
export function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone) return;
  for (const field of document.querySelectorAll("[data-zone-field]")) field.value = zone;
  for (const shown of document.querySelectorAll("[data-zone]")) shown.textContent = zone;
}
