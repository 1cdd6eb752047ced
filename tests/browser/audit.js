// Looks at a page as somebody would who cannot see it, or not well. Returns a list of faults, one line each.
() => {
  const faults = [];
  const say = (what, element) => faults.push(`${what}: ${element.outerHTML.slice(0, 160)}`);
  const visible = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const nameOf = (element) => {
    const labelled = (element.getAttribute("aria-labelledby") || "").split(" ").map((id) => document.getElementById(id)?.textContent || "").join("");
    const labels = element.labels ? [...element.labels].map((one) => one.textContent).join("") : "";
    const inner = element.matches("input, select, textarea") ? "" : element.textContent + [...element.querySelectorAll("img")].map((one) => one.alt).join("");
    return (element.getAttribute("aria-label") || labelled || labels || inner || element.title || "").trim();
  };

  if (document.querySelectorAll("h1").length !== 1) faults.push(`${document.querySelectorAll("h1").length} h1`);
  if (!document.title || !document.documentElement.lang) faults.push("no title or language");
  if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of new Set(ids.filter((one, at) => ids.indexOf(one) !== at))) faults.push(`id twice: ${id}`);
  for (const image of document.querySelectorAll("img:not([alt])")) say("no alt", image);
  for (const control of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
    if (visible(control) && !control.closest("[aria-hidden=true]") && !nameOf(control)) say("no name", control);
  }
  for (const control of document.querySelectorAll("[aria-describedby]")) {
    for (const id of control.getAttribute("aria-describedby").trim().split(/\s+/)) if (!document.getElementById(id)) say(`describes nothing (${id})`, control);
  }
  const navs = [...document.querySelectorAll("nav")].filter(visible);
  for (const nav of navs) if (!nav.getAttribute("aria-label")) say("nav without a name", nav);
  let level = 0;
  for (const heading of [...document.querySelectorAll("main h1, main h2, main h3, main h4")]) {
    const next = Number(heading.tagName[1]);
    if (level && next > level + 1) say(`heading skips from ${level}`, heading);
    level = next;
  }
  for (const element of document.querySelectorAll("[style], [onclick], [tabindex]:not([tabindex='0']):not([tabindex='-1'])")) {
    if (!element.closest("svg")) say("inline style, handler or odd tabindex", element);
  }

  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const read = new Map(); // reading a pixel takes long, and a page has few colours
  const rgba = (colour) => {
    if (!read.has(colour)) read.set(colour, paint(colour));
    return read.get(colour);
  };
  const paint = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((at) => top[at] * top[3] + below[at] * (1 - top[3])).concat(1);
  const behind = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (style.backgroundImage !== "none") return null;
      const colour = rgba(style.backgroundColor);
      if (colour[3]) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((one) => ((one /= 255) <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !visible(element) || element.closest(".vh, option, :disabled, .media, script")) continue;
    const back = behind(element);
    if (!back) continue;
    const style = getComputedStyle(element);
    const front = over(rgba(style.color), back);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const wanted = element.closest(".prose") && !element.closest("a, blockquote, .muted") ? 7 : 4.5;
    if (ratio < wanted) say(`contrast ${ratio.toFixed(2)} of ${wanted}`, element);
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`wider than the window: ${document.documentElement.scrollWidth}`);
  const small = innerWidth < 600;
  for (const target of document.querySelectorAll("main button, main .act, .bar a, .bar button, .nav a, .tabs a")) {
    const box = target.getBoundingClientRect();
    const least = target.matches(".compact, .linkish, .post .reaction") ? 36 : 43.5;
    if (small && visible(target) && box.width && box.height < least) say(`${Math.round(box.height)} px high`, target);
  }
  return faults;
};
