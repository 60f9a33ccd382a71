import { describe, expect, test } from "vitest";
import { audioPipeline, audioTransforms, spectrogramPipeline } from "./audio-pipeline.ts";
import type { Signal, Spectrogram } from "./signal.ts";

const sampleRate = 8000;
const tone = (frequency: number, count = 4000): Signal => ({
  samples: Float32Array.from({ length: count }, (_, i) => 0.5 * Math.sin((2 * Math.PI * frequency * i) / sampleRate)),
  sampleRate,
});
const apply = (signal: Signal, op: string, options: object = {}): Float32Array =>
  audioPipeline({ version: 1, seed: 2, steps: [{ op, ...options }] }).run(signal, { sample: 0 }).value.samples;
const power = (samples: Float32Array): number =>
  samples.reduce((sum, value) => sum + value * value, 0) / samples.length;

describe.each(Object.keys(audioTransforms))("%s", (op) => {
  test("repeats itself and its record, leaves its input alone, and takes an empty signal", () => {
    const augment = audioPipeline({ version: 1, seed: 4, steps: [{ op }] });
    const signal = tone(440);
    const once = augment.run(signal, { sample: 5 });
    expect(augment.run(signal, { sample: 5 })).toEqual(once);
    expect(augment.replay(signal, JSON.parse(JSON.stringify(once.record)))).toEqual(once.value);
    expect(signal).toEqual(tone(440));
    const empty = { samples: new Float32Array(0), sampleRate };
    expect(augment.run(empty, { sample: 0 }).value.samples.every(Number.isFinite)).toBe(true);
  });
});

test("Gain changes the power by so many decibels", () => {
  const ratio = power(apply(tone(300), "Gain", { decibels: -7 })) / power(tone(300).samples);
  expect(10 * Math.log10(ratio)).toBeCloseTo(-7, 4);
});

test("NoiseAtSnr adds noise of the power that the ratio says", () => {
  const signal = tone(300, 40_000);
  const noisy = apply(signal, "NoiseAtSnr", { decibels: 12 });
  const noise = noisy.map((value, i) => value - (signal.samples[i] as number));
  expect(10 * Math.log10(power(signal.samples) / power(noise))).toBeCloseTo(12, 1);
});

test("TimeShift moves sound, with silence or around", () => {
  const signal = { samples: Float32Array.of(1, 2, 3, 4), sampleRate: 1 };
  expect([...apply(signal, "TimeShift", { seconds: 1 })]).toEqual([0, 1, 2, 3]);
  expect([...apply(signal, "TimeShift", { seconds: -1 })]).toEqual([2, 3, 4, 0]);
  expect([...apply(signal, "TimeShift", { seconds: -5, wraps: true })]).toEqual([2, 3, 4, 1]);
  expect([...apply(signal, "TimeShift", { seconds: 9 })]).toEqual([0, 0, 0, 0]);
});

test("InvertPolarity negates", () => {
  expect([...apply({ samples: Float32Array.of(0.25, -1), sampleRate }, "InvertPolarity")]).toEqual([-0.25, 1]);
});

describe("SpeedResample", () => {
  test.each([0.7, 1.3])("by %d makes the tone that much higher and the signal that much shorter", (factor) => {
    const fast = apply(tone(500), "SpeedResample", { factor });
    expect(fast.length).toBe(Math.round(4000 / factor));
    const expected = tone(500 * factor, fast.length).samples;
    // Apart from the ends, where the filter meets silence.
    const off = fast.subarray(200, -200).map((value, i) => Math.abs(value - (expected[i + 200] as number)));
    expect(Math.max(...off)).toBeLessThan(0.005);
  });

  test("filters out what would be folded down", () => {
    expect(power(apply(tone(3500), "SpeedResample", { factor: 2 })) / power(tone(3500).samples)).toBeLessThan(1e-4);
  });
});

describe("SpecAugment", () => {
  const [frames, bins] = [120, 80];
  const ones: Spectrogram = { data: new Float32Array(frames * bins).fill(1), frames, bins };
  const ramp: Spectrogram = { ...ones, data: ones.data.map((_, i) => Math.floor(i / bins)) };
  const run = (spectrogram: Spectrogram, options: object, sample = 0): Spectrogram =>
    spectrogramPipeline({ version: 1, steps: [{ op: "SpecAugment", ...options }] }).run(spectrogram, { sample }).value;
  const at = ({ data }: Spectrogram, frame: number, bin: number): number => data[frame * bins + bin] as number;

  test("masks whole bands and whole stretches, no wider than told", () => {
    for (let sample = 0; sample < 30; sample++) {
      const options = { frequencyMasks: 1, timeMasks: 1, maxBins: 9, maxFrames: 30, maxFraction: 0.1, fill: 0 };
      const masked = run(ones, options, sample);
      const emptyFrames = Array.from({ length: frames }, (_, frame) => frame).filter((frame) =>
        masked.data.subarray(frame * bins, (frame + 1) * bins).every((value) => value === 0),
      );
      const emptyBins = Array.from({ length: bins }, (_, bin) => bin).filter((bin) =>
        Array.from({ length: frames }, (_, frame) => at(masked, frame, bin)).every((value) => value === 0),
      );
      expect(emptyFrames.length).toBeLessThanOrEqual(12);
      expect(emptyBins.length).toBeLessThanOrEqual(9);
      const zeros = masked.data.filter((value) => value === 0).length;
      expect(zeros).toBe(emptyFrames.length * bins + emptyBins.length * (frames - emptyFrames.length));
    }
  });

  test("fills with the mean of the spectrogram", () => {
    const masked = run(ramp, { frequencyMasks: 1, timeMasks: 0, maxBins: 40 }, 3);
    const values = new Set(masked.data.filter((value, i) => value !== ramp.data[i]));
    expect([...values]).toEqual([59.5]);
  });

  test("warps time: ends stay, order stays, something moves", () => {
    const warped = run(ramp, { frequencyMasks: 0, timeMasks: 0, warp: 20 }, 1);
    const line = Array.from({ length: frames }, (_, frame) => at(warped, frame, 0));
    expect([line[0], line.at(-1)]).toEqual([0, frames - 1]);
    expect(line.every((value, i) => i === 0 || value >= (line[i - 1] as number))).toBe(true);
    expect(line).not.toEqual(Array.from({ length: frames }, (_, i) => i));
  });

  test("takes spectrograms of one frame", () => {
    const short = { data: new Float32Array(bins).fill(1), frames: 1, bins };
    expect(run(short, { warp: 5, maxFrames: 0, maxBins: 0 })).toEqual(short);
  });
});
