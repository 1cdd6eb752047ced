// Short messages that come and go at the foot of the page; screen readers hear them politely.
export function say(text, milliseconds = 6000) {
  const place = document.getElementById("toasts");
  if (!place) return;
  const toast = document.createElement("p");
  toast.className = "toast";
  toast.textContent = text;
  place.append(toast);
  setTimeout(() => toast.remove(), milliseconds);
}
