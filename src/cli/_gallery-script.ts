/** What the gallery's page does when it is used: search, groups, switches, details. Runs in the reader's browser. */

/** Plain JavaScript. The page is complete without it, only not searchable. */
export const galleryScript = `
const all = [...document.querySelectorAll(".card")];
const search = document.querySelector("#search");
const chips = [...document.querySelectorAll(".chip")];
const dialog = document.querySelector("dialog");
const root = document.documentElement;
let group = "";
let open;

function shown() { return all.filter((card) => !card.hidden); }
function filter() {
  const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const card of all) {
    const text = card.dataset.search;
    card.hidden = (group !== "" && card.dataset.group !== group) || !words.every((word) => text.includes(word));
  }
  for (const section of document.querySelectorAll("section")) {
    const count = section.querySelectorAll(".card:not([hidden])").length;
    section.hidden = count === 0;
    section.querySelector("small").textContent = count;
  }
  document.querySelector(".empty").hidden = shown().length > 0;
}
search.addEventListener("input", filter);
for (const chip of chips) chip.addEventListener("click", () => {
  group = chip.dataset.group;
  for (const other of chips) other.setAttribute("aria-pressed", String(other === chip));
  chip.scrollIntoView({ inline: "center", block: "nearest" });
  filter();
});

for (const name of ["targets", "masks"]) {
  const button = document.getElementById(name);
  button.addEventListener("click", () => {
    const off = root.classList.toggle("no-" + name);
    button.setAttribute("aria-pressed", String(!off));
  });
}
const theme = document.querySelector("#theme");
theme.addEventListener("click", () => {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
});

function peek(card, on) { card.classList.toggle("peek", on); }
for (const card of all) {
  card.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") peek(card, true); });
  card.addEventListener("pointerleave", () => peek(card, false));
  card.addEventListener("click", () => show(card));
}

function show(card) {
  open = card;
  peek(card, false);
  const was = card.querySelector(".view").cloneNode(true);
  const now = card.querySelector(".view").cloneNode(true);
  for (const part of was.querySelectorAll(".after, .overlay.now, .mask.now")) part.remove();
  for (const part of now.querySelectorAll(".before, .overlay.was, .mask.was")) part.remove();
  for (const part of was.querySelectorAll("[hidden]")) part.removeAttribute("hidden");
  document.querySelector("#title").innerHTML = card.querySelector(".name").innerHTML;
  document.querySelector("#was").replaceChildren(was);
  document.querySelector("#now").replaceChildren(now);
  document.querySelector("#json").textContent = card.dataset.step;
  document.querySelector("#params").textContent = card.dataset.params;
  document.querySelector("#copy").textContent = "Copy";
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  history.replaceState(null, "", "#" + card.id);
}
function step(by) {
  const cards = shown();
  const next = cards[(cards.indexOf(open) + by + cards.length) % cards.length];
  if (next) show(next);
}
document.querySelector("#previous").addEventListener("click", () => step(-1));
document.querySelector("#next").addEventListener("click", () => step(1));
document.querySelector("#close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => {
  history.replaceState(null, "", location.pathname + location.search);
  open?.focus();
});
document.querySelector("#copy").addEventListener("click", async (event) => {
  const text = document.querySelector("#json").textContent;
  try {
    await navigator.clipboard.writeText(text);
    event.target.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(document.querySelector("#json"));
    event.target.textContent = "Selected";
  }
});
addEventListener("keydown", (event) => {
  if (dialog.open) {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
    return;
  }
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  }
  if (event.key === "Escape" && document.activeElement === search) {
    search.value = "";
    filter();
  }
  const at = all.indexOf(document.activeElement);
  const columns = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (at >= 0 && columns) {
    const cards = shown();
    cards[cards.indexOf(document.activeElement) + columns]?.focus();
  }
});
const wanted = location.hash && document.getElementById(location.hash.slice(1));
if (wanted) show(wanted);
`;
