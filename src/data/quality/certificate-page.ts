/** A certificate as a page for people: one file, no scripts, nothing from elsewhere. */

import { escapeHtml as text } from "../../base/html.ts";
import type { FaultCode } from "../fault.ts";
import { columnsPart } from "./_page-columns.ts";
import { examplesPart, type RowPictures } from "./_page-examples.ts";
import { pageStyle } from "./_page-style.ts";
import { bytesText, countText, numberText, percentText } from "./_page-text.ts";
import type { Certificate, StageRecord } from "./certificate.ts";
import type { DriftReport } from "./drift.ts";
import { isFaultCode, meaningOf } from "./reason-text.ts";
import type { RemovalReason } from "./reasons.ts";

/**
 * Writes a certificate as one HTML page.
 *
 * Light or dark as the reader's system is, readable on a phone and on paper. All that comes from the data is escaped.
 *
 * @param certificate - From {@link checkData}.
 * @param pictures - Of the example rows that hold images: `data:` URIs by row number.
 * @returns The whole file.
 */
export function certificatePage(certificate: Certificate, pictures: RowPictures = new Map()): string {
  const { input, createdAt, seconds, passed, requirements, seed, versions } = certificate;
  const name = input.location.split("/").filter(Boolean).at(-1) ?? input.location;
  // One scale for the bars of all stages, so that they can be compared.
  const most = Math.max(1, ...certificate.stages.flatMap(({ removed }) => Object.values(removed)));
  const sign = requirements.length === 0 ? "" : passed ? "good" : "bad";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>Data certificate: ${text(name)}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<p class="eyebrow">Data certificate</p>
<h1><bdi>${text(name)}</bdi></h1>
<p class="verdict ${sign}">${sign === "" ? "" : passed ? "✓ " : "✗ "}${verdictOf(certificate)}</p>
${overview(certificate)}
${requirementsPart(certificate)}
<h2>What happened to the rows</h2>
<p class="note">In this order. A row leaves at the first stage that refuses it.</p>
${certificate.stages.map((stage) => stagePart(stage, input.rows, most)).join("\n")}
${examplesPart(certificate.examples, (code) => ({ meaning: meaningOf(code), isFault: isFaultCode(code) }), pictures)}
${driftPart(certificate.drift)}
${labelsPart(certificate)}
${columnsPart(certificate.profile)}
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

function verdictOf({ passed, requirements }: Certificate): string {
  if (requirements.length === 0) return "No requirement was set";
  const missed = requirements.filter((each) => !each.passed).length;
  if (requirements.length === 1) return `${passed ? "Meets" : "Misses"} its requirement`;
  return passed
    ? `Meets all ${requirements.length} requirements`
    : `Misses ${missed} of ${requirements.length} requirements`;
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

function stagePart({ name, rowsIn, rowsOut, removed, settings }: StageRecord, total: number, most: number): string {
  const reasons = Object.entries(removed) as [RemovalReason | FaultCode, number][];
  const isOff = settings["off"] === true || (name === "filters" && Object.keys(settings).length === 0);
  const items = reasons
    .toSorted((a, b) => b[1] - a[1])
    .map(([code, count]) => {
      const bar = `<b class="${name === "integrity" ? "q" : "r"}" style="width:${((100 * count) / most).toFixed(2)}%"></b>`;
      return `<li><span><code>${text(code)}</code> <span class="small">${text(meaningOf(code))}</span></span>
<span class="track">${bar}</span><span class="count">${countText(count)}</span>
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

/** Three decimals, so that a column of them can be read down. */
const shareText = (value: number): string => (value === 0 ? "0" : value < 0.0005 ? "< 0.001" : value.toFixed(3));

function driftPart(drift: DriftReport | null): string {
  if (drift === null) return "";
  const rows = drift.columns
    .toSorted((a, b) => b.psi - a.psi)
    .map(({ column, psi, ks, lInfinity }) => {
      const word = psi < 0.001 ? "none" : psi < 0.1 ? "little" : psi < 0.25 ? "some" : "much";
      return `<tr><td><bdi>${text(column)}</bdi></td><td class="n">${shareText(psi)}</td><td class="n">${ks === undefined ? "–" : shareText(ks)}</td>
<td class="n">${lInfinity === undefined ? "–" : shareText(lInfinity)}</td><td class="${psi < 0.25 ? "good" : "bad"}">${word}</td></tr>`;
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
