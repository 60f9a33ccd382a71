/** How a sample compares with its source, as a table for people. */

import type { ColumnReport } from "../data/sample/column-comparison.ts";
import type { SourceSampleReport } from "../data/sample/source-comparison.ts";
import type { ColumnType, Schema } from "../data/table.ts";
import { shortNumber, timeText } from "./_data-page.ts";
import { columns } from "./_finding.ts";
import { count } from "./_format.ts";
import type { Style } from "./_style.ts";

/**
 * The lines of a report.
 *
 * @param report - Of one part.
 * @param schema - Of the source: dates are shown as such.
 */
export function reportLines(
  report: SourceSampleReport & { readonly part?: string },
  schema: Schema,
  style: Style,
): string[] {
  const { part, effectiveSampleSize, periodic } = report;
  const types = new Map(schema.map(({ name, type }) => [name, type]));
  const worth = `worth ${count(Math.round(effectiveSampleSize))} rows drawn at random`;
  return [
    "",
    style.bold(`${part === undefined ? "How it compares" : `How ${part} compares`}: ${worth}`),
    ...columns(report.columns.map((column) => cells(column, types.get(column.name)))).map((line) => `  ${line}`),
    ...periodic.map(({ column, lag }) =>
      style.yellow(`  ${column}: repeats with the interval of ${lag} rows; use --method random, or --sort`),
    ),
  ];
}

function cells(column: ColumnReport, type: ColumnType | undefined): string[] {
  const { name, measure, verdict, mean, degreesOfFreedom = 0, psi, totalVariation, pValue } = column;
  const p = `p ${pValue < 0.001 ? "< 0.001" : pValue.toFixed(3)}`;
  if (measure === "class") {
    const classes = degreesOfFreedom + 1;
    return [name, verdict, `${count(classes)} ${classes === 1 ? "class" : "classes"}`, `PSI ${psi.toFixed(3)}`, p];
  }
  const show = (value: number): string =>
    type === "timestamp" ? timeText(value).slice(0, 10) : type === "bool" ? value.toFixed(3) : shortNumber(value);
  const what = measure === "length" ? "mean length" : "mean";
  const means = mean === undefined ? "no values" : `${what} ${show(mean.sample)}, source ${show(mean.population)}`;
  return [name, verdict, means, `KS  ${totalVariation.toFixed(3)}`, p];
}
