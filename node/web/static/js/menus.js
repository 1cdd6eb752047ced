// Small courtesies: menus close when you look away, Back goes back, pictures and colours are shown before they are saved.
export function startMenus() {
  const open = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    const back = event.target.closest("a[data-back]");
    if (back && history.length > 1 && document.referrer.startsWith(location.origin)) {
      event.preventDefault();
      history.back();
    }
    const compose = event.target.closest("a[data-compose]");
    const text = document.querySelector('form[data-draft="new"] textarea.text');
    if (compose && text) {
      event.preventDefault();
      text.focus();
      text.closest("form").scrollIntoView({ block: "center" });
    }
  });
  for (const input of document.querySelectorAll("input[data-preview]")) {
    input.addEventListener("change", () => {
      const file = input.files[0];
      if (file?.type.startsWith("image/")) input.closest(".upload").querySelector(".thumb").src = URL.createObjectURL(file);
    });
  }
  document.querySelector("form[data-theme-form]")?.addEventListener("change", (event) => {
    document.documentElement.dataset.theme = event.target.value;
  });
}
