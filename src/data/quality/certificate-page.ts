/** A certificate as a page for people: one file, no scripts, nothing from elsewhere. */

import { type FaultCode, faultCodes } from "../fault.ts";
import type { ColumnProfile, NumberProfile } from "../source/profile.ts";
import { pageStyle } from "./_page-style.ts";
import { bytesText, countText, numberText, percentText, escapeHtml as text } from "./_page-text.ts";
import type { Certificate, RemovedExample, StageRecord } from "./certificate.ts";
import type { DriftReport } from "./drift.ts";
import { type RemovalReason, removalReasons } from "./reasons.ts";

/**
 * Writes a certificate as one HTML page.
 *
 * Light or dark as the reader's system is, readable on a phone and on paper. All that comes from the data is escaped.
 *
 * @param certificate - From {@link checkData}.
 * @returns The whole file.
 */
export function certificatePage(certificate: Certificate): string {
  const { input, createdAt, seconds, passed, requirements, seed, versions } = certificate;
  const name = input.location.split("/").filter(Boolean).at(-1) ?? input.location;
  const missed = requirements.filter((each) => !each.passed).length;
  const verdict =
    requirements.length === 0
      ? "No requirement was set"
      : passed
        ? `Meets all ${requirements.length} requirements`
        : `Misses ${missed} of ${requirements.length} requirements`;
  const sign = requirements.length === 0 ? "" : passed ? "good" : "bad";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Data certificate: ${text(name)}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<p class="eyebrow">Data certificate</p>
<h1><bdi>${text(name)}</bdi></h1>
<p class="verdict ${sign}">${sign === "" ? "" : passed ? "✓ " : "✗ "}${verdict}</p>
${overview(certificate)}
${requirementsPart(certificate)}
<h2>What happened to the rows</h2>
<p class="note">In this order. A row leaves at the first stage that refuses it.</p>
${certificate.stages.map((stage) => stagePart(stage, input.rows)).join("\n")}
${examplesPart(certificate.examples)}
${driftPart(certificate.drift)}
${labelsPart(certificate)}
${profilePart(certificate)}
${faultsPart(certificate)}
${filesPart(certificate)}
<footer class="small">
Made ${text(createdAt.replace("T", " ").replace(/\.\d+Z$/, " UTC"))} in ${numberText(seconds)} s with seed ${seed}.
${Object.entries(versions)
  .map(([what, version]) => `${text(what)} ${text(version)}`)
  .join(", ")}. The same record for machines is certificate.json, schema ${text(certificate.schema)}.
</footer>
</main>
</body>
</html>
`;
}

function overview({ input, output, rowsRemoved, rowsQuarantined }: Certificate): string {
  const figure = (name: string, rows: number): string =>
    `<div><dt>${name}</dt><dd>${countText(rows)}<small>${percentText(rows, input.rows)}</small></dd></div>`;
  const part = (sign: string, rows: number): string =>
    rows === 0 ? "" : `<span class="${sign}" style="flex:${rows}"></span>`;
  return `<dl class="figures">
<div><dt>Rows in</dt><dd>${countText(input.rows)}<small>${bytesText(input.contentBytes)} of content</small></dd></div>
${figure("Kept", output.rows)}
${figure("Removed", rowsRemoved)}
${figure("Set aside as faulty", rowsQuarantined)}
</dl>
<div class="whole" role="img" aria-label="${percentText(output.rows, input.rows)} of the rows are kept">${part("k", output.rows)}${part("r", rowsRemoved)}${part("q", rowsQuarantined)}</div>
<p class="legend"><span><i class="k"></i>kept</span><span><i class="r"></i>removed</span><span><i class="q"></i>set aside</span></p>`;
}

function requirementsPart({ requirements }: Certificate): string {
  if (requirements.length === 0) return "";
  const rows = requirements.map(
    ({ name, limit, value, passed }) =>
      `<tr><td>${text(name.replaceAll("-", " "))}</td><td class="n">${numberText(limit)}</td><td class="n">${numberText(value)}</td>
<td class="n ${passed ? "good" : "bad"}">${passed ? "✓ met" : "✗ missed"}</td></tr>`,
  );
  return `<h2>Requirements</h2>
<div class="scroll"><table><tr><th>requirement</th><th class="n">limit</th><th class="n">found</th><th class="n">result</th></tr>${rows.join("")}</table></div>`;
}

const stageTitles: Readonly<Record<StageRecord["name"], string>> = {
  integrity: "Integrity",
  "exact-duplicates": "Exact duplicates",
  "near-duplicates": "Near-duplicates",
  filters: "Quality filters",
  leakage: "Overlap with the test set",
};

/** What each fault code means, for people. */
const faultTexts: Readonly<Record<FaultCode, string>> = {
  empty: "nothing where something is needed",
  truncated: "ends before it should",
  checksum: "bytes differ from what was promised",
  syntax: "does not follow its format",
  schema: "a value is missing or of another type",
  shape: "an array of another shape",
  utf8: "text that is not UTF-8",
  "not-finite": "NaN or an infinity",
  range: "a number or box outside of what is allowed",
  decode: "could not be decoded",
  "image-size": "header and pixels disagree, or too many pixels",
  bomb: "would unpack to more than the limit",
  "link-loop": "links that lead to themselves",
  "unsafe-path": "a name that leaves its folder",
  remote: "a server failed after all retries",
};
const isFault = (code: string): code is FaultCode => (faultCodes as readonly string[]).includes(code);
const meaningOf = (code: RemovalReason | FaultCode): string =>
  isFault(code) ? faultTexts[code] : removalReasons[code];

function stagePart({ name, rowsIn, rowsOut, removed, settings }: StageRecord, total: number): string {
  const reasons = Object.entries(removed) as [RemovalReason | FaultCode, number][];
  const most = Math.max(1, ...reasons.map(([, count]) => count));
  const isOff = settings["off"] === true;
  const items = reasons
    .toSorted((a, b) => b[1] - a[1])
    .map(([code, count]) => {
      const bar = `<b class="${name === "integrity" ? "q" : "r"}" style="width:${((100 * count) / most).toFixed(2)}%"></b>`;
      return `<li><span><code>${text(code)}</code> <span class="small">${text(meaningOf(code))}</span></span>
${reasons.length > 1 ? `<span class="track">${bar}</span>` : "<span></span>"}<span class="count">${countText(count)}</span>
<span class="count small">${percentText(count, total)}</span></li>`;
    });
  const [shown, rest] = [items.slice(0, 8), items.slice(8)];
  const more =
    rest.length === 0
      ? ""
      : `<details><summary>${rest.length} more reasons</summary><ul>${rest.join("\n")}</ul></details>`;
  const gone = rowsIn - rowsOut;
  const way = name === "integrity" ? "set aside" : "removed";
  const summary = isOff ? "not run" : gone === 0 ? `none ${way}` : `${countText(gone)} ${way}`;
  const details =
    isOff || Object.keys(settings).length === 0
      ? ""
      : `<details><summary>Thresholds and settings</summary><pre>${text(JSON.stringify(settings, null, 2))}</pre></details>`;
  return `<section class="card stage"><header><h3>${stageTitles[name]}</h3>
<span class="small count">${summary}${isOff ? "" : `, ${countText(rowsOut)} left`}</span></header>
${shown.length === 0 ? "" : `<ul>${shown.join("\n")}</ul>`}${more}${details}</section>`;
}

function examplesPart(examples: readonly RemovedExample[]): string {
  if (examples.length === 0) return "";
  const cards = examples.map(({ row, reason, excerpt, keptRow, keptExcerpt }) => {
    const gone = `<div><span class="small">row ${countText(row)}, ${isFault(reason) ? "set aside" : "removed"}</span>
<blockquote class="gone" dir="auto">${text(excerpt.trim()) || "<i>(empty)</i>"}</blockquote></div>`;
    const stays =
      keptRow === undefined
        ? ""
        : `<div><span class="small">row ${countText(keptRow)}, kept in its place</span>
<blockquote class="stays" dir="auto">${text((keptExcerpt ?? "").trim())}</blockquote></div>`;
    return `<div class="card"><code>${text(reason)}</code> <span class="small">${text(meaningOf(reason))}</span><div class="pair">${gone}${stays}</div></div>`;
  });
  const [shown, rest] = [cards.slice(0, 6), cards.slice(6)];
  const more =
    rest.length === 0
      ? ""
      : `<details><summary>${rest.length} more</summary><div style="margin-top:.75rem">${rest.join("\n")}</div></details>`;
  return `<h2>Examples of what left</h2><p class="note">The first rows of each reason.</p>${shown.join("\n")}${more}`;
}

function driftPart(drift: DriftReport | null): string {
  if (drift === null) return "";
  const rows = drift.columns
    .toSorted((a, b) => b.psi - a.psi)
    .map(({ column, psi, ks, lInfinity }) => {
      const word = psi < 0.1 ? "little" : psi < 0.25 ? "some" : "much";
      return `<tr><td><bdi>${text(column)}</bdi></td><td class="n">${numberText(psi)}</td><td class="n">${ks === undefined ? "–" : numberText(ks)}</td>
<td class="n">${lInfinity === undefined ? "–" : numberText(lInfinity)}</td><td class="${psi < 0.25 ? "good" : "bad"}">${word}</td></tr>`;
    });
  const anomalies = drift.anomalies.map(
    ({ column, kind, detail }) =>
      `<tr><td><bdi>${text(column)}</bdi></td><td><code>${text(kind)}</code></td><td>${text(detail)}</td></tr>`,
  );
  const list =
    anomalies.length === 0
      ? `<p class="note" style="margin-top:1rem">No anomaly: every column keeps what the reference promised.</p>`
      : `<h3 style="margin-top:1.5rem">Anomalies</h3><div class="scroll"><table><tr><th>column</th><th>what</th><th>detail</th></tr>${anomalies.join("")}</table></div>`;
  return `<h2>Drift against the reference</h2>
<p class="note">PSI: population stability index, below 0.1 little, above 0.25 much. KS: largest distance of the distributions. L∞: largest difference of one value's share.</p>
<div class="scroll"><table><tr><th>column</th><th class="n">PSI</th><th class="n">KS</th><th class="n">L∞</th><th>drift</th></tr>${rows.join("")}</table></div>${list}`;
}

function labelsPart({ labels }: Certificate): string {
  if (labels === null) return "";
  const { confidentLearning, neighbours } = labels;
  const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
    `<div class="scroll"><table><tr>${head.map((cell) => `<th class="n">${cell}</th>`).join("")}</tr>
${rows.map((row) => `<tr>${row.map((cell) => `<td class="n">${cell}</td>`).join("")}</tr>`).join("\n")}</table></div>`;
  const learned =
    confidentLearning === null
      ? ""
      : `<p class="note">By confident learning, from predicted probabilities: ${countText(confidentLearning.numErrors)} suspects, an estimated ${percentText(confidentLearning.noiseRate, 1)} of the labels wrong.</p>
${table(
  ["row", "given", "suggested", "confidence"],
  confidentLearning.errors
    .slice(0, 20)
    .map(({ row, given, suggested, selfConfidence }) => [
      countText(row),
      String(given),
      String(suggested),
      numberText(selfConfidence),
    ]),
)}`;
  const near =
    neighbours === null
      ? ""
      : `<p class="note" style="margin-top:1.25rem">By embeddings: ${countText(neighbours.numSuspects)} rows of which most of the ${neighbours.neighbours} nearest neighbours have another label.</p>
${table(
  ["row", "given", "disagree"],
  neighbours.suspects
    .slice(0, 20)
    .map(({ row, given, score }) => [countText(row), String(given), percentText(score, 1)]),
)}`;
  return `<h2>Labels to look at</h2>${learned}${near}`;
}

function profilePart({ profile }: Certificate): string {
  if (profile === null || profile.columns.length === 0) return "";
  return `<h2>Columns</h2><p class="note">Of the rows that could be read, before anything was removed.</p>
<div class="columns">${profile.columns.slice(0, 60).map(columnCard).join("\n")}</div>
${profile.columns.length > 60 ? `<p class="note">and ${profile.columns.length - 60} more, in certificate.json</p>` : ""}`;
}

function columnCard({ name, type, count, nulls, notFinite, distinct, top, numbers, lengths }: ColumnProfile): string {
  const facts = [
    `${countText(count)} values`,
    `${countText(distinct)} different`,
    ...(nulls === 0 ? [] : [`${countText(nulls)} null`]),
    ...(notFinite === 0 ? [] : [`${countText(notFinite)} not finite`]),
  ];
  const [first] = top;
  const common =
    first === undefined || numbers !== undefined || distinct > 1000
      ? ""
      : `<p class="small">most often <bdi>${text(String(first.value).slice(0, 40))}</bdi>, ${countText(first.count)} times</p>`;
  const spread = numbers ?? lengths;
  return `<div class="card"><h3><bdi>${text(name)}</bdi> <span class="small">${text(type)}</span></h3>
<p class="small">${facts.join(", ")}</p>${common}${spread === undefined || count === 0 ? "" : histogram(spread, numbers === undefined ? "length" : "")}</div>`;
}

function histogram({ histogram: { counts }, min, max, mean }: NumberProfile, what: string): string {
  const most = Math.max(1, ...counts);
  const bars = counts.map((count, i) => {
    const height = count === 0 ? 0 : Math.max(1.5, (40 * count) / most);
    return `<rect x="${(i * 100) / counts.length}" y="${40 - height}" width="${100 / counts.length - 0.4}" height="${height}"/>`;
  });
  return `<svg viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label="histogram">${bars.join("")}</svg>
<p class="ends"><span>${numberText(min)}</span><span>${what} mean ${numberText(mean)}</span><span>${numberText(max)}</span></p>`;
}

function faultsPart({ faults }: Certificate): string {
  if (faults.length === 0) return "";
  const rows = faults
    .slice(0, 50)
    .map(
      ({ code, source, row, detail }) =>
        `<tr><td><code>${text(code)}</code></td><td class="mono"><bdi>${text(source)}</bdi>${row === undefined ? "" : `, row ${countText(row)}`}</td><td>${text(detail)}</td></tr>`,
    );
  return `<h2>Faults while reading</h2><p class="note">The first of each code.</p>
<div class="scroll"><table><tr><th>code</th><th>where</th><th>what</th></tr>${rows.join("")}</table></div>`;
}

function filesPart({ input, output }: Certificate): string {
  const list = [
    ...input.files.slice(0, 100).map((file) => ["in", file] as const),
    ...(output.file === null ? [] : [["out", output.file] as const]),
  ];
  const rows = list.map(
    ([way, { location, sizeBytes, sha256 }]) =>
      `<tr><td>${way}</td><td class="mono"><bdi>${text(location)}</bdi><br><span class="small">SHA-256 ${sha256 ?? "not read"}</span></td><td class="n">${bytesText(sizeBytes)}</td></tr>`,
  );
  const splits = Object.entries(output.splits ?? {}).map(([name, count]) => `${text(name)} ${countText(count)}`);
  return `<h2>Files and hashes</h2>
<p class="note">The content hash is the same for the same rows in any order.</p>
<div class="scroll"><table>
<tr><td>in</td><td class="mono">content hash ${input.contentHash}</td><td class="n">${countText(input.rows)} rows</td></tr>
<tr><td>out</td><td class="mono">content hash ${output.contentHash}</td><td class="n">${countText(output.rows)} rows</td></tr>
${rows.join("\n")}</table></div>
${input.numFiles > 100 ? `<p class="note">and ${countText(input.numFiles - 100)} more; the SHA-256 of the whole list is <code>${input.filesSha256}</code></p>` : ""}
${splits.length === 0 ? "" : `<p style="margin-top:1rem">Splits: ${splits.join(", ")}</p>`}`;
}
