/** Numbers, sizes and times as people read them. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** `1,234,567` */
export const count = (value: number): string => whole.format(value);

/** `950`, `38.4K`, `2.19M` */
export const compact = (value: number): string => short.format(value);

/** `1 step`, `3 steps` */
export const counted = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

/** `512 bytes`, `8.8 MB` (decimal, as disks and file managers count). */
export function byteSize(sizeBytes: number): string {
  if (sizeBytes < 1000) return counted(sizeBytes, "byte");
  const power = Math.min(3, Math.floor(Math.log10(sizeBytes * 1.0005) / 3));
  const value = sizeBytes / 1000 ** power;
  return `${value < 9.95 ? value.toFixed(1) : count(value)} ${["", "kB", "MB", "GB"][power]}`;
}

/** `7 s`, `12 min`, `1 h 05 min`: as rough as a time that is left can be known. */
export function timeLeft(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const rounded = Math.max(0, Math.round(seconds));
  if (rounded < 90) return `${rounded} s`;
  const minutes = Math.round(rounded / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** A loss with as many digits as tell something. */
export const lossText = (loss: number): string =>
  Number.isFinite(loss) ? loss.toFixed(loss < 0.1 ? 4 : 3) : "not a number";
