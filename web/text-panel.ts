/** Where the text comes from: typed, pasted, dropped, chosen, or the sample. */

import { byId, coalesced, make, setText } from "./dom.ts";
import { keepDraft, keptDraft } from "./draft.ts";
import { byteSize, compact, count } from "./format.ts";
import { sampleText } from "./sample-text.ts";
import { alphabetSize, joined, readText, type TextPiece, textPiece } from "./text-files.ts";

/** Characters above which a pasted text is held as a file: a text field that large makes every keystroke slow. */
const mostTyped = 200_000;
/** Characters that a text must have at least. */
const leastCharacters = 1000;

/** The text that a visitor gave. */
export interface TextPanel {
  /** Characters in all; about that for large files. */
  readonly characters: number;
  /** Different characters. */
  readonly alphabet: number;
  /** What a run is named after. */
  readonly title: string;
  /** The whole text, or what is wrong with it; then the field has the focus. */
  take(): Blob | string;
  /** Takes the sample in the place of what is there. */
  useSample(): void;
}

/**
 * @param changed - The text is another one.
 * @param refused - A file is no text, and why.
 */
export function textPanel(changed: () => void, refused: (messages: readonly string[]) => void): TextPanel {
  const field = byId("text", HTMLTextAreaElement);
  const [list, facts] = [byId("files", HTMLUListElement), byId("text-facts", HTMLParagraphElement)];
  const input = byId("file-input", HTMLInputElement);
  let files: TextPiece[] = [];
  let pieces: TextPiece[] = [];
  let alphabet = 0;
  let characters = 0;

  const survey = (): void => {
    pieces = [...(field.value.trim() === "" ? [] : [textPiece(field.value, "text")]), ...files];
    characters = pieces.reduce((sum, piece) => sum + piece.characters, 0);
    alphabet = alphabetSize(pieces);
    const isShort = characters < leastCharacters;
    if (!isShort) field.removeAttribute("aria-invalid");
    facts.dataset["level"] = field.ariaInvalid === "true" ? "error" : "";
    const size = characters >= 1e5 ? compact(characters) : count(characters);
    setText(
      facts,
      characters === 0
        ? field.ariaInvalid === "true"
          ? "There is no text yet: paste some, or use the sample."
          : ""
        : `${size} characters, ${count(alphabet)} different.${isShort ? ` At least ${count(leastCharacters)} are needed.` : ""}`,
    );
    changed();
  };
  const later = coalesced(survey, 250);
  const keep = (): void => keepDraft(field.value, files);

  const showFiles = (): void => {
    list.replaceChildren(
      ...files.map((piece) => {
        const remove = make("button", { type: "button", className: "small" }, "Remove");
        remove.ariaLabel = `Remove ${piece.name}`;
        remove.addEventListener("click", () => {
          files = files.filter((other) => other !== piece);
          field.focus();
          showFiles();
          keep();
        });
        const note = piece.note === undefined ? "" : `, ${piece.note}`;
        return make(
          "li",
          {},
          make("span", { className: "name", title: piece.name }, piece.name),
          make("span", { className: "soft" }, `${byteSize(piece.blob.size)}${note}`),
          remove,
        );
      }),
    );
    survey();
  };
  const add = (...added: TextPiece[]): void => {
    files.push(...added);
    showFiles();
    keep();
  };
  const open = async (chosen: Iterable<File>): Promise<void> => {
    const read = await Promise.allSettled(Array.from(chosen, (file) => readText(file, file.name)));
    const faults = read.flatMap((each) => (each.status === "rejected" ? [String(each.reason.message)] : []));
    if (faults.length > 0) refused(faults);
    add(...read.flatMap((each) => (each.status === "fulfilled" ? [each.value] : [])));
  };

  field.addEventListener("input", later);
  field.addEventListener("change", keep);
  field.addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    const dropped = event.clipboardData?.files;
    if (pasted === "" && dropped !== undefined && dropped.length > 0) void open(dropped);
    if (pasted.length <= mostTyped) return;
    event.preventDefault();
    add(textPiece(pasted, "Pasted text"));
  });
  const useSample = (): void => {
    field.value = sampleText();
    survey();
    keep();
  };
  byId("use-sample", HTMLButtonElement).addEventListener("click", useSample);
  byId("open-files", HTMLButtonElement).addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    void open(input.files ?? []);
    input.value = "";
  });
  dropTarget((dropped) => void open(dropped));
  void keptDraft().then((draft) => {
    if (draft === undefined || pieces.length > 0) return;
    field.value = draft.typed;
    files = draft.files;
    showFiles();
  });

  return {
    useSample,
    get characters() {
      return characters;
    },
    get alphabet() {
      return alphabet;
    },
    get title() {
      return field.value === sampleText() ? "lighthouse" : (files[0]?.name ?? "text");
    },
    take: () => {
      survey();
      if (characters >= leastCharacters) return joined(pieces);
      field.setAttribute("aria-invalid", "true");
      survey();
      field.focus();
      return facts.textContent;
    },
  };
}

/** Takes files that are dropped anywhere on the page. */
function dropTarget(drop: (files: FileList) => void): void {
  const veil = byId("drop", HTMLDivElement);
  const hasFiles = ({ dataTransfer }: DragEvent): boolean =>
    dataTransfer?.types.includes("Files") === true && !byId("text", HTMLTextAreaElement).matches(":disabled");
  let depth = 0;
  const leave = (): void => {
    depth = 0;
    veil.hidden = true;
  };
  addEventListener("dragenter", (event) => {
    if (hasFiles(event) && ++depth > 0) veil.hidden = false;
  });
  addEventListener("dragleave", () => {
    if (--depth <= 0) leave();
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    if (event.dataTransfer?.types.includes("Files") !== true) return;
    event.preventDefault();
    leave();
    if (hasFiles(event)) drop(event.dataTransfer.files);
  });
}
