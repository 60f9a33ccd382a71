/** Dark or light: the reader's system decides until the switch does. */

import { byId } from "./dom.ts";

const key = "cameo-playground/theme";

export function themeSwitch(): void {
  const [button, meta] = [byId("theme", HTMLButtonElement), byId("theme-color", HTMLMetaElement)];
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  try {
    const kept = localStorage.getItem(key);
    if (kept !== null) root.dataset["theme"] = kept;
  } catch {
    // Storage is forbidden: the system decides.
  }
  const isDark = (): boolean => (root.dataset["theme"] ?? (system.matches ? "dark" : "light")) === "dark";
  const show = (): void => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.ariaLabel = `Switch to ${isDark() ? "light" : "dark"} colours`;
    meta.content = getComputedStyle(document.body).backgroundColor;
  };
  button.addEventListener("click", () => {
    const chosen = isDark() ? "light" : "dark";
    root.dataset["theme"] = chosen;
    try {
      localStorage.setItem(key, chosen);
    } catch {
      // Storage is forbidden: the choice holds until the page is left.
    }
    show();
  });
  system.addEventListener("change", show);
  show();
}
