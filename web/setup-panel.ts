/** What to train and where: sizes, device, more settings; kept for the next visit. */

import type { BrowserSurvey, MemoryEstimate, WebGptRecipe } from "cameo/web";
import { byId, make, setText } from "./dom.ts";
import { byteSize, compact } from "./format.ts";
import { recipeOf, type Settings, settingsOf, sizes } from "./sizes.ts";

/** Where a run may be asked to run. */
export type Device = "auto" | "webgpu" | "wasm";

/** What the form says. */
export interface SetupPanel {
  readonly recipe: WebGptRecipe;
  readonly device: Device;
  readonly precision: "float32" | "mixed";
  /** Says what the browser offers. */
  offer(survey: BrowserSurvey): void;
  /** Estimates anew, as the text has changed. */
  estimate(): void;
  /** True when every field holds something that can be used; else the first that does not has the focus and says why. */
  check(): boolean;
  /**
   * Belongs to a run, so cannot be changed.
   *
   * @param isLocked - Text, model and settings.
   * @param isBound - Its device, too.
   */
  lock(isLocked: boolean, isBound: boolean): void;
}

/** Different characters that a text has, before there is one. */
const usualAlphabet = 80;

const key = "cameo-playground/settings";
const numbers = ["vocabulary", "steps", "batchSize", "context", "learningRate"] as const;

/**
 * @param estimateMemory - Of `cameo/web`.
 * @param alphabet - Different characters of the text.
 * @param switched - Told when another device is chosen.
 */
export function setupPanel(
  estimateMemory: (recipe: WebGptRecipe & { vocabulary: number }, device: "webgpu" | "wasm") => MemoryEstimate,
  alphabet: () => number,
  switched: (device: Device) => void,
): SetupPanel {
  const form = byId("setup", HTMLFormElement);
  const field = (name: string): HTMLInputElement | HTMLSelectElement =>
    form.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement;
  const choice = (name: string): RadioNodeList => form.elements.namedItem(name) as RadioNodeList;
  const radios = (name: string): NodeListOf<HTMLInputElement> => form.querySelectorAll(`input[name="${name}"]`);
  let survey: BrowserSurvey | undefined;

  byId("sizes", HTMLDivElement).append(
    ...Object.entries(sizes).map(([value, { name }]) =>
      make("label", {}, make("input", { type: "radio", name: "size", value }), make("b", {}, name), make("span")),
    ),
  );

  const read = (): Settings => {
    const [vocabulary, steps, batchSize, context, learningRate] = numbers.map((name) => Number(field(name).value)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    return {
      size: choice("size").value,
      tokenizer: field("tokenizer").value as Settings["tokenizer"],
      samplePrompt: field("samplePrompt").value,
      ...{ vocabulary, steps, batchSize, context, learningRate },
    };
  };
  const write = (settings: Settings): void => {
    choice("size").value = settings.size;
    for (const name of [...numbers, "tokenizer", "samplePrompt"] as const) field(name).value = String(settings[name]);
  };
  const device = (): Device => choice("device").value as Device;
  const target = (): "webgpu" | "wasm" => {
    const chosen = device();
    return chosen === "auto" ? (survey?.device ?? "wasm") : chosen;
  };

  const estimate = (): void => {
    const settings = read();
    const { tokenizer } = settings;
    byId("vocabulary-field", HTMLDivElement).hidden = tokenizer !== "bpe";
    const vocabulary = tokenizer === "bpe" ? settings.vocabulary : alphabet() || usualAlphabet;
    const [memory, summary] = [byId("memory", HTMLParagraphElement), byId("setup-summary", HTMLSpanElement)];
    const estimateOf = (size: string): MemoryEstimate =>
      estimateMemory({ ...recipeOf({ ...settings, size }), vocabulary }, target());
    try {
      for (const radio of radios("size"))
        setText(radio.parentElement?.lastElementChild as Element, compact(estimateOf(radio.value).parameters));
      const { parameters, totalBytes } = estimateOf(settings.size);
      const { name, purpose } = sizes[settings.size] as (typeof sizes)[string];
      setText(
        memory,
        `${compact(parameters)} parameters: ${purpose}. About ${byteSize(totalBytes)} of memory while it trains.`,
      );
      setText(summary, `${name}, ${compact(parameters)} parameters`);
    } catch {
      setText(memory, "One of the settings cannot be used.");
    }
  };
  const showDevice = (): void => {
    if (survey === undefined) return;
    const isMixed = survey.webgpu.float16 && target() === "webgpu";
    const precision = field("precision") as HTMLSelectElement;
    precision.disabled = !isMixed;
    if (!isMixed) precision.value = "float32";
    setText(
      byId("precision-help", HTMLParagraphElement),
      isMixed
        ? "Mixed is faster, and takes less memory."
        : target() === "wasm"
          ? "Mixed needs WebGPU."
          : "This GPU does not compute with 16 bits.",
    );
    setText(byId("device-facts", HTMLParagraphElement), deviceText(survey, device()));
    estimate();
  };
  const keep = (): void => {
    try {
      localStorage.setItem(key, JSON.stringify({ ...read(), device: device() }));
    } catch {
      // Storage is forbidden: the settings hold until the page is left.
    }
  };

  write(settingsOf("small"));
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? "null");
    if (kept !== null && Object.hasOwn(sizes, kept.size)) write({ ...settingsOf(kept.size), ...kept });
    if (kept?.device !== undefined) choice("device").value = kept.device;
  } catch {
    // Nothing that can be read: the settings of a first visit.
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    const { name } = event.target as HTMLInputElement;
    if (name === "size") {
      const { tokenizer, vocabulary, samplePrompt } = read();
      write({ ...settingsOf(choice("size").value), tokenizer, vocabulary, samplePrompt });
    }
    if (name === "device") {
      showDevice();
      switched(device());
    }
    estimate();
    keep();
  });
  byId("defaults", HTMLButtonElement).addEventListener("click", () => {
    write(settingsOf(choice("size").value));
    estimate();
    keep();
  });
  estimate();

  return {
    get recipe() {
      return recipeOf(read());
    },
    get device() {
      return device();
    },
    get precision() {
      return field("precision").value as "float32" | "mixed";
    },
    estimate,
    offer: (offered) => {
      survey = offered;
      const webgpu = form.querySelector<HTMLInputElement>('input[name="device"][value="webgpu"]') as HTMLInputElement;
      webgpu.disabled = !offered.webgpu.available;
      if (webgpu.disabled && webgpu.checked) choice("device").value = "auto";
      showDevice();
    },
    check: () => {
      const wrong = numbers.map(field).find((each) => !each.closest("[hidden]") && !each.checkValidity());
      if (wrong === undefined) return true;
      for (const fold of [byId("setup-fold", HTMLDetailsElement), wrong.closest("details")])
        if (fold !== null) fold.open = true;
      wrong.reportValidity();
      return false;
    },
    lock: (isLocked, isBound) => {
      for (const part of form.querySelectorAll<HTMLFieldSetElement>(".lockable")) part.disabled = isLocked;
      byId("setup-locked", HTMLParagraphElement).hidden = !isLocked;
      for (const radio of radios("device"))
        radio.disabled = isBound || (radio.value === "webgpu" && survey?.webgpu.available === false);
    },
  };
}

/** What the choice of a device means in this browser. */
function deviceText({ device, webgpu, threads }: BrowserSurvey, chosen: Device): string {
  const cores = `${threads.count} ${threads.count === 1 ? "thread" : "threads"}`;
  const wasm = `The CPU, ${cores}.`;
  const adapter = webgpu.adapter === undefined ? "" : `, ${webgpu.adapter}`;
  const gpu = `The GPU${adapter}${webgpu.software ? ", in software: slower than the CPU" : ""}.`;
  const missing = webgpu.available ? "" : ` No WebGPU: ${webgpu.reason ?? "this browser does not offer it"}.`;
  if (chosen === "webgpu") return gpu;
  if (chosen === "wasm") return `${wasm}${missing}`;
  return `Will use ${(device === "webgpu" ? gpu : wasm).replace(/^The/, "the")}${missing}`;
}
