/** Messages that stay until they are settled: what happened, what it means, and what can be done. */

import { byId, make } from "./dom.ts";

/** A way out. */
export interface Action {
  readonly label: string;
  readonly run: () => void;
}

/** A message. A later one with the same key takes its place. */
export interface Notice {
  readonly key: string;
  readonly level: "info" | "warning" | "error";
  /** What happened, in a few words. */
  readonly title: string;
  /** What it means, and what to do. */
  readonly text: string;
  /** More, folded away. */
  readonly detail?: string;
  readonly actions?: readonly Action[];
}

/** The notices on the page. */
export interface Notices {
  show(notice: Notice): void;
  hide(...keys: string[]): void;
}

export function notices(): Notices {
  const list = byId("notices", HTMLElement);
  const shown = new Map<string, HTMLElement>();
  /** What was said last under each key, also where it was dismissed since: the same again would only nag. */
  const said = new Map<string, string>();
  const remove = (key: string): void => {
    shown.get(key)?.remove();
    shown.delete(key);
  };
  return {
    hide: (...keys) => {
      for (const key of keys) {
        remove(key);
        said.delete(key);
      }
    },
    show: ({ key, level, title, text, detail, actions = [] }) => {
      if (level !== "error" && said.get(key) === title + text) return;
      said.set(key, title + text);
      const buttons = [...actions, { label: "Dismiss", run: () => {} }].map(({ label, run }) => {
        const button = make("button", { type: "button" }, label);
        if (label === "Dismiss") button.ariaLabel = `Dismiss: ${title}`;
        button.addEventListener("click", () => {
          // Whoever pressed a key here goes on where the notice was, not at the top of the page.
          if (document.activeElement === button) byId("run", HTMLElement).focus({ preventScroll: true });
          remove(key);
          run();
        });
        return button;
      });
      const element = make(
        "div",
        { className: "notice" },
        make(
          "div",
          { className: "told" },
          make("p", {}, make("strong", {}, title), ` ${text}`),
          ...(detail === undefined
            ? []
            : [make("details", {}, make("summary", {}, "Details"), make("p", { className: "note" }, detail))]),
        ),
        make("div", { className: "row" }, ...buttons),
      );
      element.dataset["level"] = level;
      element.dataset["key"] = key;
      const before = shown.get(key);
      if (before === undefined) list.prepend(element);
      else before.replaceWith(element);
      shown.set(key, element);
      if (level === "error") element.scrollIntoView({ block: "nearest" });
    },
  };
}
