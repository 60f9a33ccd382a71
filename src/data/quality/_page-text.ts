/** Numbers as a page shows them. */

/** `1,234,567` */
export function countText(value: number): string {
  return value.toLocaleString("en");
}

/** `12.3 %`; small shares have two digits. */
export function percentText(part: number, whole: number): string {
  if (whole === 0) return "0 %";
  const percent = (100 * part) / whole;
  if (percent === 0 || percent === 100) return `${percent} %`;
  return `${percent >= 10 ? percent.toFixed(1) : percent >= 0.001 ? Number(percent.toPrecision(2)) : "< 0.001"} %`;
}

/** Four significant digits, without noise. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return countText(value);
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4
    ? value.toExponential(3)
    : Number(value.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 });
}

/** `8.77 MB` */
export function bytesText(sizeBytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  let rest = sizeBytes;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${unit === 0 ? rest : rest.toPrecision(3)} ${units[unit]}`;
}
