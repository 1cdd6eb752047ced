// Talking to our own server: the same form the page would send, answered in JSON.
export class Refused extends Error {}

export async function send(address, form, submitter = null) {
  let answer;
  try {
    answer = await fetch(address, {
      method: "POST",
      body: new URLSearchParams(new FormData(form, submitter)),
      headers: { Accept: "application/json" },
      credentials: "same-origin",
      keepalive: true, // a like counts although its page is left in the same moment
    });
  } catch {
    throw new Refused("The server cannot be reached. Check your connection and try again.");
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  if (answer.status === 401) throw new Refused("You are signed out. Sign in again to go on.");
  if (answer.status === 429) throw new Refused("That was a little fast. Wait a moment and try again.");
  throw new Refused(body.error || "The server could not do that. Try again in a moment.");
}

export async function page(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Refused("The next posts could not be loaded.");
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}
