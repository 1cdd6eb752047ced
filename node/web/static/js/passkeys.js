// Passkeys: asks our server what to ask the browser for, puts the answer into the page's own form and sends that.
// Forms say what they want: data-passkey is "create" or "get", data-options is where to ask.
import { Refused, send } from "./server.js";

export function startPasskeys() {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("button");
    if (!window.PublicKeyCredential) {
      say(form, "This browser knows no passkeys.");
      continue;
    }
    button.disabled = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      say(form, "");
      try {
        await ask(form);
        form.submit();
      } catch (problem) {
        say(form, words(problem));
        button.disabled = false;
      }
    });
  }
}

async function ask(form) {
  const { step, options } = await send(form.dataset.options, form);
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  for (const name of ["allowCredentials", "excludeCredentials"]) {
    if (options[name]) publicKey[name] = options[name].map((known) => ({ ...known, id: bytes(known.id) }));
  }
  let made;
  if (form.dataset.passkey === "create") {
    publicKey.user = { ...options.user, id: bytes(options.user.id) };
    made = await navigator.credentials.create({ publicKey });
  } else {
    made = await navigator.credentials.get({ publicKey });
  }
  form.elements.credential.value = JSON.stringify(plain(made));
  if (step) form.elements.step.value = step;
}

function plain(credential) {
  const response = { clientDataJSON: text(credential.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function words(problem) {
  if (problem instanceof Refused) return problem.message;
  if (problem.name === "InvalidStateError") return "This device holds a passkey for you already.";
  if (problem.name === "NotAllowedError") return "Nothing was chosen, or it took too long. Try again.";
  return "Your browser could not do that. Try again, or use another way.";
}

function say(form, message) {
  const place = form.querySelector(".wrong");
  place.textContent = message;
  place.hidden = !message;
}
