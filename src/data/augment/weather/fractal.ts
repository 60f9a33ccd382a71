/** Cloudy fields: random numbers on ever finer grids, smoothly joined and added up. */

import { uniformField } from "../noise/field.ts";

/** How a fractal field looks. */
export interface FractalOptions {
  /** Side of the coarsest cells [pixels]. */
  readonly cell: number;
  /** How many grids; each has cells half as large as the one before. */
  readonly octaves: number;
  /** Amplitude of each grid relative to the one before. */
  readonly persistence: number;
}

/** Cell and smoothed place within it, of each pixel of a line. */
function places(length: number, cell: number): { cells: Int32Array; parts: Float32Array } {
  const cells = new Int32Array(length);
  const parts = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const place = (i + 0.5) / cell;
    const t = place - Math.floor(place);
    cells[i] = Math.floor(place);
    parts[i] = t * t * (3 - 2 * t);
  }
  return { cells, parts };
}

/** Adds one grid of random numbers, scaled, to a field. */
function addOctave(
  field: Float32Array,
  width: number,
  cell: number,
  amplitude: number,
  seed: number,
  octave: number,
): void {
  const height = field.length / width;
  const columns = Math.ceil(width / cell) + 2;
  const rows = Math.ceil(height / cell) + 2;
  const grid = uniformField(seed, columns * rows, octave);
  const across = places(width, cell);
  const down = places(height, cell);
  const line = new Float32Array(columns);
  for (let y = 0, i = 0; y < height; y++) {
    const upper = (down.cells[y] as number) * columns;
    const t = down.parts[y] as number;
    for (let k = 0; k < columns; k++) {
      const from = grid[upper + k] as number;
      line[k] = amplitude * (from + ((grid[upper + columns + k] as number) - from) * t);
    }
    for (let x = 0; x < width; x++, i++) {
      const k = across.cells[x] as number;
      const from = line[k] as number;
      field[i] = (field[i] as number) + from + ((line[k + 1] as number) - from) * (across.parts[x] as number);
    }
  }
}

/**
 * A field of values in [0, 1), about 1/2 in the mean: value noise in octaves.
 *
 * @param seed - [0, 2^53); the field is a function of it.
 * @returns [height, width]
 */
export function fractalField(
  seed: number,
  width: number,
  height: number,
  { cell, octaves, persistence }: FractalOptions,
): Float32Array {
  const field = new Float32Array(width * height);
  const amplitudes = Array.from({ length: octaves }, (_, octave) => persistence ** octave);
  const total = amplitudes.reduce((sum, amplitude) => sum + amplitude, 0);
  for (const [octave, amplitude] of amplitudes.entries())
    addOctave(field, width, Math.max(cell / 2 ** octave, 1), amplitude / total, seed, octave);
  return field;
}

/** 0 below `low`, 1 above `high`, and smooth between. */
export function smoothStep(low: number, high: number, value: number): number {
  const t = Math.min(Math.max((value - low) / (high - low), 0), 1);
  return t * t * (3 - 2 * t);
}
