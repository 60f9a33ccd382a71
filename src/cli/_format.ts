/** Numbers, sizes and times as people read them. */

import { relative } from "node:path";

/** `1,234,567` */
export function count(value: number): string {
  return value.toLocaleString("en");
}

/** `"1 file"`, `"3 files"`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** Three digits and a unit of thousand: `950`, `38.4k`, `2.19M`. */
export function compact(value: number): string {
  const units = ["", "k", "M", "G", "T"];
  let unit = 0;
  let rest = value;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  const text = unit === 0 ? String(Math.round(rest)) : rest.toFixed(rest < 9.995 ? 2 : rest < 99.95 ? 1 : 0);
  return `${text}${units[unit]}`;
}

/** `512 bytes`, `8.77 MB` (decimal, as disks and file managers count). */
export function formatBytes(sizeBytes: number): string {
  if (sizeBytes < 1000) return counted(sizeBytes, "byte");
  const text = compact(sizeBytes);
  return `${text.slice(0, -1)} ${text.at(-1)}B`;
}

/** `0:07`, `12:34`, `1:02:03`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A loss with as many digits as differ from run to run. */
export function formatLoss(loss: number): string {
  return Number.isFinite(loss) ? loss.toFixed(4) : String(loss);
}

/** A path as one would type it from here. */
export function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short !== "" && !short.startsWith("..") ? short : path;
}

/** An argument as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
