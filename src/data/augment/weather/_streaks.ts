/** Drops and flakes: short thick lines with soft edges, laid into a field of opacities. */

/** A line from a point, with round ends [pixels]. */
export interface Streak {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly radius: number;
  readonly opacity: number;
}

/** Draws a streak; where several lie, the most opaque counts. */
export function drawStreak(cover: Float32Array, width: number, { x, y, dx, dy, radius, opacity }: Streak): void {
  const height = cover.length / width;
  const reach = radius + 1;
  const squared = dx * dx + dy * dy;
  const top = Math.max(Math.floor(Math.min(y, y + dy) - reach), 0);
  const bottom = Math.min(Math.ceil(Math.max(y, y + dy) + reach), height - 1);
  for (let row = top; row <= bottom; row++) {
    // Only the part of the line that is near this row can reach it.
    const from = dy === 0 ? x : x + dx * Math.min(Math.max((row - reach - y) / dy, 0), 1);
    const to = dy === 0 ? x + dx : x + dx * Math.min(Math.max((row + 1 + reach - y) / dy, 0), 1);
    const left = Math.max(Math.floor(Math.min(from, to) - reach), 0);
    const right = Math.min(Math.ceil(Math.max(from, to) + reach), width - 1);
    for (let column = left; column <= right; column++) {
      const [px, py] = [column + 0.5 - x, row + 0.5 - y];
      const t = squared === 0 ? 0 : Math.min(Math.max((px * dx + py * dy) / squared, 0), 1);
      const distance = Math.sqrt((px - t * dx) ** 2 + (py - t * dy) ** 2);
      const value = opacity * Math.min(Math.max(radius + 0.5 - distance, 0), 1);
      const i = row * width + column;
      if (value > (cover[i] as number)) cover[i] = value;
    }
  }
}
