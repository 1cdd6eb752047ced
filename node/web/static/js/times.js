// Relative times stay true while a page is open; the words are those of node/web/words.py.
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function ago(moment, now = new Date()) {
  const seconds = Math.floor((now - moment) / 1000);
  if (seconds < 60) return "now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  if (seconds < 7 * 86400) return `${Math.floor(seconds / 86400)} d`;
  const day = `${moment.getUTCDate()} ${MONTHS[moment.getUTCMonth()]}`;
  return moment.getUTCFullYear() === now.getUTCFullYear() ? day : `${day} ${moment.getUTCFullYear()}`;
}

// A moment before or after this one: "in 3 h", "12 min ago".
export function fromNow(moment, now = new Date()) {
  const left = (moment - now) / 1000;
  const value = Math.floor(Math.abs(left));
  let span = "a moment";
  for (const [limit, unit] of [[60, "min"], [3600, "h"], [86400, "d"]]) {
    if (value >= limit) span = `${Math.floor(value / limit)} ${unit}`;
  }
  return left > 0 ? `in ${span}` : `${span} ago`;
}

export function compact(count) {
  for (const [limit, unit] of [[1e9, "B"], [1e6, "M"], [1e3, "K"]]) {
    if (count >= limit) {
      const value = count / limit;
      return (value < 10 ? Math.floor(value * 10) / 10 : Math.floor(value)) + unit;
    }
  }
  return String(count);
}

function refresh() {
  for (const time of document.querySelectorAll("time[data-from-now]")) {
    const words = fromNow(new Date(time.dateTime));
    if (time.textContent !== words) time.textContent = words;
  }
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const words = ago(new Date(time.dateTime));
    if (time.textContent !== words) time.textContent = words;
  }
}

export function startTimes() {
  for (const time of document.querySelectorAll("time[datetime]:not([data-ago], [data-from-now])")) {
    const local = new Date(time.dateTime);
    time.title = time.textContent;
    time.textContent = local.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  }
  refresh();
  setInterval(() => document.hidden || refresh(), 30000);
  addEventListener("pageshow", refresh);
}
