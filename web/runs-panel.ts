/** The runs that this browser holds: continue, delete, import, download. */

import type { StoredRun, WebRun } from "cameo/web";
import { byId, download, isOff, make, setOff, setText } from "./dom.ts";
import { byteSize, count } from "./format.ts";

/** The part of `cameo/web` that this panel needs. */
export interface RunStorage {
  listRuns(): Promise<readonly StoredRun[]>;
  deleteRun(name: string): Promise<void>;
  importRun(zip: Blob): Promise<string>;
}

/** What the panel asks of the page. */
export interface RunsHost {
  /** Name of the run on the page. */
  readonly current: () => string | undefined;
  readonly run: () => WebRun | undefined;
  /** Resolves when the run that was on the page before is at rest. */
  settled(): Promise<void>;
  open(name: string): void;
  deleted(name: string): void;
  failed(error: unknown): void;
}

/** The list of runs. */
export interface RunsPanel {
  /** Runs by the last listing. */
  readonly runs: readonly StoredRun[];
  /** Lists anew. */
  refresh(): Promise<void>;
  /** Switches the downloads on or off. */
  update(): void;
}

export function runsPanel(storage: RunStorage, host: RunsHost): RunsPanel {
  const [list, input] = [byId("runs", HTMLUListElement), byId("import-input", HTMLInputElement)];
  const [onnx, zip] = [byId("download-onnx", HTMLButtonElement), byId("download-run", HTMLButtonElement)];
  let runs: readonly StoredRun[] = [];

  const remove = async (name: string): Promise<void> => {
    try {
      await host.settled();
      await storage.deleteRun(name);
      host.deleted(name);
    } catch (error) {
      host.failed(error);
    }
    await refresh();
    byId("import", HTMLButtonElement).focus();
  };
  const item = ({ name, step, steps, sizeBytes }: StoredRun): HTMLLIElement => {
    const isOpen = host.current() === name;
    const open = make("button", { type: "button", className: "small" }, step < steps ? "Continue" : "Open");
    open.ariaLabel = `${open.textContent} ${name}`;
    open.addEventListener("click", () => host.open(name));
    const erase = make("button", { type: "button", className: "small" }, "Delete");
    erase.ariaLabel = `Delete ${name}`;
    // Deleting cannot be taken back, so the button asks once more in its own place.
    erase.addEventListener("click", () => {
      if (erase.dataset["sure"] !== undefined) return void remove(name);
      erase.dataset["sure"] = "";
      setText(erase, "Really delete?");
      erase.ariaLabel = `Really delete ${name}?`;
    });
    erase.addEventListener("blur", () => {
      delete erase.dataset["sure"];
      setText(erase, "Delete");
      erase.ariaLabel = `Delete ${name}`;
    });
    return make(
      "li",
      {},
      make("span", { className: "name" }, name),
      make("span", { className: "soft" }, `step ${count(step)} of ${count(steps)} · ${byteSize(sizeBytes)}`),
      ...(isOpen ? [make("span", { className: "soft" }, "on this page")] : [open, erase]),
    );
  };
  const refresh = async (): Promise<void> => {
    try {
      runs = await storage.listRuns();
    } catch {
      // There is no storage, as the survey has said; or a run went away under the listing, and the next one is right again.
    }
    list.replaceChildren(...runs.map(item));
  };
  const offer = (button: HTMLButtonElement, make: (run: WebRun) => Promise<Blob>, ending: string): void =>
    button.addEventListener("click", async () => {
      const run = host.run();
      if (isOff(button) || run === undefined) return;
      setOff(button, true);
      try {
        download(await make(run), `${host.current() ?? "model"}${ending}`);
      } catch (error) {
        host.failed(error);
      } finally {
        setOff(button, host.run() === undefined);
      }
    });

  byId("import", HTMLButtonElement).addEventListener("click", () => input.click());
  input.addEventListener("change", async () => {
    const [chosen] = input.files ?? [];
    input.value = "";
    if (chosen === undefined) return;
    try {
      const name = await storage.importRun(chosen);
      await refresh();
      host.open(name);
    } catch (error) {
      host.failed(error);
    }
  });
  offer(onnx, (run) => run.exportOnnx(), ".onnx");
  offer(zip, (run) => run.exportRun(), ".zip");
  return {
    get runs() {
      return runs;
    },
    refresh,
    update: () => {
      for (const button of [onnx, zip]) setOff(button, host.run() === undefined);
    },
  };
}
