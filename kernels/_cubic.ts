/** Weights of bicubic interpolation with a = -0.75, as OpenCV computes them. */

const A: f32 = -0.75;

/** The four weights of a fraction, as float32 at `target`. */
export function cubicWeights(target: usize, x: f32): void {
  const w0 = ((A * (x + 1) - 5 * A) * (x + 1) + 8 * A) * (x + 1) - 4 * A;
  const w1 = ((A + 2) * x - (A + 3)) * x * x + 1;
  const w2 = ((A + 2) * (1 - x) - (A + 3)) * (1 - x) * (1 - x) + 1;
  store<f32>(target, w0);
  store<f32>(target, w1, 4);
  store<f32>(target, w2, 8);
  store<f32>(target, <f32>1 - w0 - w1 - w2, 12);
}

/** Float32 weights of fractions in 1/32. */
const lines = memory.data(32 * 16, 16);
/** Their products in 1/32768, as 16 int16 for each pair of fractions [y, x]. */
const products = memory.data(1024 * 32, 16);
let isReady = false;

function prepare(): void {
  for (let i = 0; i < 32; i++) cubicWeights(lines + i * 16, f32(i) * (<f32>1 / 32));
  for (let i = 0; i < 1024; i++) prepareProducts(products + i * 32, lines + (i >> 5) * 16, lines + (i & 31) * 16);
  isReady = true;
}

/** Rounded products; what they miss of 1 goes to the largest (or, to take off, the smallest) of the four in the lower right middle. */
function prepareProducts(target: usize, linesY: usize, linesX: usize): void {
  let sum: i32 = 0;
  for (let k = 0; k < 16; k++) {
    const product = load<f32>(linesY + (k >> 2) * 4) * load<f32>(linesX + (k & 3) * 4);
    const rounded = i32(nearest(product * 32768));
    store<i16>(target + k * 2, i16(min(rounded, 32767)));
    sum += load<i16>(target + k * 2);
  }
  if (sum == 32768) return;
  let smallest = 10;
  let largest = 10;
  for (let v = 2; v < 4; v++)
    for (let u = 2; u < 4; u++) {
      const k = v * 4 + u;
      if (load<i16>(target + k * 2) < load<i16>(target + smallest * 2)) smallest = k;
      else if (load<i16>(target + k * 2) > load<i16>(target + largest * 2)) largest = k;
    }
  const k = sum < 32768 ? largest : smallest;
  store<i16>(target + k * 2, i16(i32(load<i16>(target + k * 2)) - (sum - 32768)));
}

/** Where the weights of a fraction in 1/32 are. */
export function lineOf(fraction: i32): usize {
  if (!isReady) prepare();
  return lines + fraction * 16;
}

/** Where the 16 products of two fractions in 1/32 are. */
export function productsOf(fractionX: i32, fractionY: i32): usize {
  if (!isReady) prepare();
  return products + (fractionY * 32 + fractionX) * 32;
}
