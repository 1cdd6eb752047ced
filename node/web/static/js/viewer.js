// Pictures open over the page, with their description; without this they open as a page of their own.
export function startViewer() {
  let dialog;
  let pictures = [];
  let at = 0;

  const show = (index) => {
    at = (index + pictures.length) % pictures.length;
    const link = pictures[at];
    const image = dialog.querySelector("img");
    image.src = link.href;
    image.alt = link.querySelector("img").alt;
    const words = dialog.querySelector("p");
    words.textContent = image.alt;
    words.hidden = !image.alt;
  };
  const build = () => {
    dialog = document.createElement("dialog");
    dialog.className = "viewer";
    dialog.setAttribute("aria-label", "Picture");
    const close = document.createElement("button");
    close.className = "tool";
    close.setAttribute("aria-label", "Close");
    close.textContent = "✕";
    dialog.append(document.createElement("img"), document.createElement("p"), close);
    dialog.querySelector("p").dir = "auto";
    dialog.addEventListener("click", (event) => event.target.closest("p") || dialog.close());
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowRight") show(at + 1);
      if (event.key === "ArrowLeft") show(at - 1);
    });
    document.body.append(dialog);
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-view]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    if (!dialog) build();
    pictures = [...(link.closest(".media") || link.parentElement).querySelectorAll("a[data-view]")];
    show(pictures.indexOf(link));
    dialog.showModal();
  });
}
