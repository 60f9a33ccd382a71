/** What the cells of a column must be: rules that a user declares, checked on every row. */

import { z } from "zod";
import { explain } from "../../base/errors.ts";
import type { FaultCode } from "../fault.ts";
import type { Cell, Column, Table } from "../table.ts";
import { tensorShapeOf } from "./_cell-shape.ts";

/** What a column must hold. Only what is given is checked; nulls are judged by `nullable` alone. */
export interface ColumnRule {
  /** Whether cells may be null. @defaultValue true */
  readonly nullable?: boolean;
  /** Whether NaN and infinities are refused, also inside of tensors and lists. @defaultValue false */
  readonly finite?: boolean;
  /** Smallest number, or shortest text [characters]. */
  readonly min?: number;
  /** Largest number, or longest text [characters]. */
  readonly max?: number;
  /** Labels are integers in [0, classes). */
  readonly classes?: number;
  /** The only values there may be. */
  readonly values?: readonly (string | number | boolean)[];
  /** Lengths of the axes of a tensor or nested list; -1 allows any. */
  readonly shape?: readonly number[];
  /** Cells are lists of boxes of four numbers: two corners, or a corner and a size. Boxes must have an area and lie in the image. */
  readonly boxes?: "xyxy" | "xywh";
  /** Columns that hold width and height of the image of the boxes [pixels]. */
  readonly boxSize?: readonly [width: string, height: string];
}

/** Rules by column. */
export type Rules = Readonly<Record<string, ColumnRule>>;

const ruleSchema = z.record(
  z.string(),
  z.strictObject({
    nullable: z.boolean().optional(),
    finite: z.boolean().optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    classes: z.int().positive().optional(),
    values: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
    shape: z.array(z.int().min(-1)).optional(),
    boxes: z.enum(["xyxy", "xywh"]).optional(),
    boxSize: z.tuple([z.string(), z.string()]).optional(),
  }),
);

/**
 * Checks rules that come from a file.
 *
 * @param json - What the file holds.
 * @returns The same, as rules.
 * @throws RangeError naming the first thing that is no rule.
 *
 * @example A word that is no rule
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRules } from "cameo/data/quality";
 *
 * assert.deepEqual(parseRules({ label: { classes: 10 } }), { label: { classes: 10 } });
 * assert.throws(() => parseRules({ label: { most: 9 } }), /cannot use rules: label: Unrecognized key: "most"/);
 * ```
 */
export function parseRules(json: unknown): Rules {
  const { success, data, error } = ruleSchema.safeParse(json);
  if (success) return data as Rules;
  const [first] = error.issues;
  const received = [...(first?.path ?? []), first?.message].map(String).join(": ");
  throw new RangeError(
    explain({ api: "checkData", action: "use rules", received, rule: "rules are an object of objects, by column" }),
  );
}

/**
 * Finds the first rule that each row breaks.
 *
 * Text with a lone surrogate is refused in every string column, with or without a rule: it cannot be written as UTF-8.
 *
 * @param table - Rows.
 * @param rules - See {@link ColumnRule}. A column that is missing breaks its rule in every row.
 * @returns A fault code for each row, or null.
 *
 * @example A label that does not exist
 * ```ts
 * import assert from "node:assert/strict";
 * import { brokenRules } from "cameo/data/quality";
 *
 * const table = { numRows: 3, columns: { label: Int32Array.of(0, 9, 10), x: Float32Array.of(1, Number.NaN, 2) } };
 * assert.deepEqual(brokenRules(table, { label: { classes: 10 }, x: { finite: true } }), [null, "not-finite", "range"]);
 * ```
 */
export function brokenRules(table: Table, rules: Rules): (FaultCode | null)[] {
  const codes: (FaultCode | null)[] = Array(table.numRows).fill(null);
  const columns = new Set([...Object.keys(table.columns), ...Object.keys(rules)]);
  for (const name of columns) {
    const rule = Object.hasOwn(rules, name) ? (rules[name] as ColumnRule) : {};
    const column: Column | undefined = Object.hasOwn(table.columns, name) ? table.columns[name] : undefined;
    if (column === undefined) return codes.fill("schema");
    if (isHarmless(column, rule)) continue;
    for (let row = 0; row < table.numRows; row++) codes[row] ??= breach(column[row] as Cell, rule, table, row);
  }
  return codes;
}

/** Numbers without a rule can break none. */
function isHarmless(column: Column, rule: ColumnRule): boolean {
  return ArrayBuffer.isView(column) && Object.keys(rule).length === 0;
}

function breach(cell: Cell, rule: ColumnRule, table: Table, row: number): FaultCode | null {
  if (cell === null || cell === undefined) return rule.nullable === false ? "schema" : null;
  if (typeof cell === "string" && !cell.isWellFormed()) return "utf8";
  if (rule.shape !== undefined && !fits(tensorShapeOf(cell), rule.shape)) return "shape";
  if (rule.finite === true && !allNumbers(cell, Number.isFinite)) return "not-finite";
  if (rule.boxes !== undefined) return boxBreach(cell, rule, table, row);
  if (rule.classes !== undefined) {
    const { classes } = rule;
    if (!allNumbers(cell, (label) => Number.isInteger(label) && label >= 0 && label < classes)) return "range";
  }
  if (rule.values !== undefined && !rule.values.some((value) => value === cell)) return "range";
  if (rule.min === undefined && rule.max === undefined) return null;
  const { min = -Infinity, max = Infinity } = rule;
  const isWithin = (value: number): boolean => !(value < min || value > max); // NaN is a matter of `finite`
  return (typeof cell === "string" ? isWithin(cell.length) : allNumbers(cell, isWithin)) ? null : "range";
}

function boxBreach(cell: Cell, { boxes, boxSize }: ColumnRule, table: Table, row: number): FaultCode | null {
  const list = Array.isArray(cell) && typeof cell[0] === "number" ? [cell] : cell;
  if (!Array.isArray(list)) return "schema";
  const limit = boxSize?.map((name) => Number(table.columns[name]?.[row] ?? Number.NaN)) ?? [Infinity, Infinity];
  for (const box of list as unknown[]) {
    if (!Array.isArray(box) || box.length !== 4) return "shape";
    const [x, y, a, b] = box as [number, number, number, number];
    if (![x, y, a, b].every(Number.isFinite)) return "not-finite";
    const [width, height] = boxes === "xywh" ? [a, b] : [a - x, b - y];
    if (!(width > 0 && height > 0)) return "range";
    const isInside = x >= 0 && y >= 0 && x + width <= (limit[0] as number) && y + height <= (limit[1] as number);
    if (boxSize !== undefined && !isInside) return "range";
  }
  return null;
}

function fits(shape: readonly number[] | undefined, wanted: readonly number[]): boolean {
  return shape !== undefined && shape.length === wanted.length && wanted.every((n, i) => n === -1 || n === shape[i]);
}

/** Whether a number, or every number within, is as it must be. What is no number at all is not. */
function allNumbers(cell: unknown, isGood: (value: number) => boolean): boolean {
  if (typeof cell === "number" || typeof cell === "bigint") return isGood(Number(cell));
  if (typeof cell === "boolean") return isGood(Number(cell));
  if (Array.isArray(cell)) return cell.every((each) => allNumbers(each, isGood));
  const data = typeof cell === "object" && cell !== null && "data" in cell ? cell.data : cell;
  if (!ArrayBuffer.isView(data) || data instanceof DataView) return false;
  for (const value of data as unknown as Iterable<number | bigint>) if (!isGood(Number(value))) return false;
  return true;
}
