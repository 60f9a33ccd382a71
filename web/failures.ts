/** What went wrong, in a visitor's words, and what to do. */

/** A failure as the page tells it. */
export interface Failure {
  readonly title: string;
  readonly text: string;
  /** The error's own words, where a visitor can do nothing with them. */
  readonly detail?: string;
}

interface Kind {
  readonly title: string;
  /** Whether an error is of this kind. */
  readonly is: (facts: Facts) => boolean;
  readonly advice: string;
  /** Its message is about the machinery: the advice says all that a visitor needs. */
  readonly isTechnical?: true;
}

interface Facts {
  readonly name: string;
  readonly code: unknown;
  readonly reason: unknown;
  readonly message: string;
  readonly isOnline: boolean;
}

const isEngineFile = ({ message }: Facts): boolean =>
  /engine|\.wasm|\.mjs|dynamically imported|Failed to fetch/i.test(message);

/** The first that fits is told. */
const kinds: readonly Kind[] = [
  {
    title: "The browser’s storage is full.",
    is: ({ name, message }) => name === "QuotaExceededError" || /quota|storage.* is full/i.test(message),
    advice: "Delete runs at the bottom of this page, or download this one. What was saved before is still there.",
    isTechnical: true,
  },
  {
    title: "The graphics device went away.",
    is: ({ reason, message }) => reason === "device-lost" || /device (was |is )?lost/i.test(message),
    advice: "Press Continue to go on from the last checkpoint, or choose CPU (wasm).",
    isTechnical: true,
  },
  {
    title: "There is not enough memory.",
    is: ({ reason, message }) => reason === "out-of-memory" || /out of memory|allocation failed/i.test(message),
    advice: "Choose a smaller model, batch or context, or close other tabs.",
    isTechnical: true,
  },
  {
    title: "You are offline, and the engine is not loaded yet.",
    is: (facts) => !facts.isOnline && isEngineFile(facts),
    advice: "Your text and your runs are safe. Connect and press Train again.",
    isTechnical: true,
  },
  {
    title: "This text cannot be used.",
    is: ({ code, message }) => code === "data" || /train on the text|too short/i.test(message),
    advice: "Add more text, or choose a smaller context under More settings.",
  },
  {
    title: "This setting does not work.",
    is: ({ code }) => code === "usage",
    advice: "Change it under More settings.",
  },
  {
    title: "This run cannot be opened.",
    is: ({ code }) => code === "checkpoint",
    advice: "If it is open in another tab, close it there.",
  },
  {
    title: "This file is not a run.",
    is: ({ code }) => code === "codec",
    advice: "Import takes the zip that “Download run” makes, or the zipped folder of a run.",
  },
  {
    title: "The engine did not start.",
    is: isEngineFile,
    advice:
      "A file that it needs did not arrive: check the connection and press Train again. Your text and your runs are safe.",
    isTechnical: true,
  },
];

/**
 * Puts a failure into words.
 *
 * @param error - Whatever was thrown.
 * @param isOnline - Whether the browser believes to be connected.
 */
export function failureOf(error: unknown, isOnline: boolean): Failure {
  const { name = "", code, reason, message = String(error) } = (error ?? {}) as Partial<Facts>;
  const advice = "What was saved is safe: press Train to try again, or Reset.";
  return tell({ name, code, reason, message, isOnline }, "Something went wrong.", advice);
}

/**
 * Puts into words what a run warns of while it goes on.
 *
 * @param message - The run's own words.
 */
export function warningOf(message: string): Failure {
  return tell({ name: "", code: undefined, reason: undefined, message, isOnline: true }, "Note:", "");
}

function tell(facts: Facts, title: string, advice: string): Failure {
  const kind = kinds.find(({ is }) => is(facts));
  if (kind?.isTechnical === true) return { title: kind.title, text: kind.advice, detail: facts.message };
  const [line = "", ...rest] = facts.message.split("\n");
  // A hint with a flag is for the command line.
  const hint = rest.find((each) => each.startsWith("hint: ") && !each.includes("--"))?.slice(6);
  const sentences = [line, hint ?? kind?.advice ?? advice].map(sentence);
  return { title: kind?.title ?? title, text: sentences.join(" ").trim() };
}

/** `api: cannot do: …` without the call, as a sentence. */
function sentence(text: string): string {
  const plain = text.replace(/^[\w./ -]+: (?=cannot )/, "").trim();
  if (plain === "") return "";
  const start = `${(plain[0] as string).toUpperCase()}${plain.slice(1)}`;
  return /[.!?]$/.test(start) ? start : `${start}.`;
}
