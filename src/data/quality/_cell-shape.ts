/** The shape of a cell that holds numbers. */

/** Lengths of the axes of a tensor or of nested lists; undefined if the lists are ragged or it is something else. */
export function tensorShapeOf(cell: unknown): readonly number[] | undefined {
  if (typeof cell === "number" || typeof cell === "bigint" || typeof cell === "boolean") return [];
  if (Array.isArray(cell)) {
    const shapes = cell.map(tensorShapeOf);
    const [first] = shapes;
    if (cell.length === 0) return [0];
    const isEven = first !== undefined && shapes.every((shape) => shape?.join() === first.join());
    return isEven ? [cell.length, ...first] : undefined;
  }
  if (typeof cell !== "object" || cell === null) return undefined;
  if ("shape" in cell && Array.isArray(cell.shape)) return cell.shape as number[];
  return ArrayBuffer.isView(cell) && "length" in cell ? [cell.length as number] : undefined;
}
