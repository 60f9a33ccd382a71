/** The solution of a small dense system of linear equations, by elimination with the largest pivot of each column. */
export function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i] as number]);
  const size = rows.length;
  const at = (i: number, j: number): number => (rows[i] as number[])[j] as number;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let i = column + 1; i < size; i++) if (Math.abs(at(i, column)) > Math.abs(at(pivot, column))) pivot = i;
    [rows[column], rows[pivot]] = [rows[pivot] as number[], rows[column] as number[]];
    for (let i = 0; i < size; i++) {
      const factor = i === column ? 0 : at(i, column) / at(column, column);
      if (factor !== 0)
        for (let j = column; j <= size; j++) (rows[i] as number[])[j] = at(i, j) - factor * at(column, j);
    }
  }
  return rows.map((_, i) => at(i, size) / at(i, i));
}
