import { describe, expect, test } from "vitest";
import type { GpuBuffer, GpuDevice } from "./adapter.ts";
import { Gpu } from "./gpu.ts";

/** A device that keeps buffers in ordinary memory and refuses what WebGPU refuses. */
function fakeDevice() {
  type FakeBuffer = GpuBuffer & { readonly bytes: Uint8Array<ArrayBuffer> };
  const lost = Promise.withResolvers<{ reason: string; message: string }>();
  let report: (event: { error: { message: string } }) => void = () => {};
  let copies: (() => void)[] = [];
  const whole = (...sizes: number[]): void => {
    for (const size of sizes) if (size % 4 !== 0) throw new RangeError(`${size} is not a multiple of 4`);
  };
  const device: GpuDevice = {
    features: new Set(),
    limits: { maxBufferSize: 1024, maxStorageBufferBindingSize: 512 },
    lost: lost.promise,
    queue: {
      writeBuffer: (buffer, offset, data) => {
        whole(offset, data.length);
        (buffer as FakeBuffer).bytes.set(data, offset);
      },
      submit: () => {
        for (const copy of copies) copy();
        copies = [];
      },
    },
    createBuffer: ({ size }): FakeBuffer => {
      whole(size);
      const bytes = new Uint8Array(size);
      return { size, bytes, mapAsync: async () => {}, getMappedRange: () => bytes.buffer, destroy: () => {} };
    },
    createCommandEncoder: () => ({
      copyBufferToBuffer: (from, fromOffset, to, toOffset, sizeBytes) => {
        whole(fromOffset, toOffset, sizeBytes);
        const part = (from as FakeBuffer).bytes.subarray(fromOffset, fromOffset + sizeBytes);
        copies.push(() => (to as FakeBuffer).bytes.set(part, toOffset));
      },
      finish: () => null,
    }),
    pushErrorScope: () => {},
    popErrorScope: async () => null,
    addEventListener: (_, listener) => {
      report = listener;
    },
    destroy: () => lost.resolve({ reason: "destroyed", message: "" }),
  };
  return { device, lose: lost.resolve, report: (message: string) => report({ error: { message } }) };
}

describe("Gpu", () => {
  test("reads and writes any bytes, though the device copies whole words only", async () => {
    const gpu = new Gpu(fakeDevice().device, "fake");
    const buffer = await gpu.allocate(11);
    expect(buffer.size).toBe(16);
    const expected = new Uint8Array(11);
    for (let begin = 0; begin < 11; begin++)
      for (let end = begin; end <= 11; end++) {
        const bytes = Uint8Array.from({ length: end - begin }, (_, i) => 20 * begin + i + 1);
        expected.set(bytes, begin);
        await gpu.write(buffer, bytes, begin);
        expect(await gpu.read(buffer, 0, 11)).toEqual(expected);
        expect(await gpu.read(buffer, begin, end)).toEqual(bytes);
      }
  });

  test("refuses buffers beyond what programs can bind", async () => {
    const gpu = new Gpu(fakeDevice().device, "fake");
    await expect(gpu.allocate(2 ** 21)).rejects.toMatchObject({
      reason: "out-of-memory",
      message:
        "runtime.webgpu: cannot allocate 2 MiB: its buffers hold at most 1 MiB, a buffer must fit into the GPU's memory and limits",
    });
  });

  test("abandons what a lost device will never finish, and says so from then on", async () => {
    const { device, lose } = fakeDevice();
    const gpu = new Gpu(device, "fake");
    const waiting = gpu.watch(() => new Promise<void>(() => {}));
    lose({ reason: "unknown", message: "driver\nreset" });
    const lost = { code: "runtime", reason: "device-lost", message: expect.stringContaining("(driver reset)") };
    await expect(waiting).rejects.toMatchObject(lost);
    await expect(gpu.watch(() => 1)).rejects.toMatchObject(lost);
    expect(gpu.isLost).toBe(true);
  });

  test("is not lost when it is closed", async () => {
    const { device } = fakeDevice();
    const gpu = new Gpu(device, "fake");
    gpu.close();
    await device.lost;
    expect(gpu.isLost).toBe(false);
  });

  test("says once that work was invalid, which the device reports later and to nobody", async () => {
    const { device, report } = fakeDevice();
    const gpu = new Gpu(device, "fake");
    report("buffer is too small\n");
    await expect(gpu.watch(() => 1)).rejects.toThrow(/^runtime\.webgpu: cannot use the GPU: buffer is too small, /);
    expect(await gpu.watch(() => 2)).toBe(2);
  });
});
