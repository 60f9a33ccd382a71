import { beforeEach, expect, test, vi } from "vitest";
import { fakeLoss, stored, trainGpt } from "./fake.ts";
import { Session } from "./session.ts";

const kept = new Map<string, string>();

beforeEach(() => {
  stored.clear();
  kept.clear();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  });
});

function open() {
  const phases: string[] = [];
  const warnings: string[] = [];
  const session = new Session(trainGpt, {
    changed: () => {},
    phase: (now) => phases.push(now),
    warning: (message) => warnings.push(message),
    saved: () => {},
  });
  const reaches = (phase: string) => vi.waitFor(() => expect(session.view.phase).toBe(phase), 5000);
  return { session, phases, warnings, reaches };
}

const text = new Blob(["text ".repeat(400)]);

test("a run goes from preparing to done, and its curve, samples and losses are there", async () => {
  const { session, phases, reaches } = open();
  session.start({ text, name: "notes", recipe: { steps: 60, evaluateEvery: 20, sampleEvery: 30 } });
  await reaches("done");
  expect(phases).toEqual(["preparing", "running", "done"]);
  const { step, steps, loss, history } = session.view;
  expect([step, steps, loss]).toEqual([60, 60, fakeLoss(60)]);
  expect(history.train.points).toHaveLength(60);
  expect(history.validation.points.map(({ last }) => last)).toEqual([20, 40, 60]);
  expect(history.samples.map((sample) => sample.step)).toEqual([1, 30, 60]);
});

test("pausing stands still, a step is one step, and playing goes on", async () => {
  const { session, phases, reaches } = open();
  session.start({ text, recipe: { steps: 400 } });
  await vi.waitFor(() => expect(session.view.step).toBeGreaterThan(3));
  await session.pause();
  await reaches("paused");
  const { step } = session.view;
  await session.step();
  await vi.waitFor(() => expect(session.view.step).toBe(step + 1));
  expect(session.view.phase).toBe("paused");
  await session.play();
  await vi.waitFor(() => expect(session.view.step).toBeGreaterThan(step + 3));
  session.reset();
  expect([session.view.phase, session.view.step]).toEqual(["idle", 0]);
  expect(phases).toEqual(["preparing", "running", "paused", "running", "idle"]);
});

test("a reset run is stored, and continues with its curve where it was", async () => {
  const { session, reaches } = open();
  session.start({ text, name: "notes", recipe: { steps: 50, evaluateEvery: 10 } });
  await vi.waitFor(() => expect(session.view.step).toBeGreaterThan(12));
  session.reset();
  await session.settled();
  const { step } = stored.get("notes") as { step: number };
  expect(step).toBeGreaterThan(0);
  session.start({ name: "notes", resume: true, recipe: { steps: 50 } });
  await reaches("done");
  const { points } = session.view.history.train;
  expect(points.map(({ first }) => first)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
});

test("a run that is done can go on for more steps", async () => {
  const { session, reaches } = open();
  session.start({ text, name: "notes", recipe: { steps: 10, evaluateEvery: 5 } });
  await reaches("done");
  session.trainOn(15);
  await vi.waitFor(() => expect(session.view.step).toBe(15), 5000);
  expect(session.view.history.train.points).toHaveLength(15);
});

test("a run moves to another device and goes on from where it was, still paused if it was", async () => {
  const { session, phases, reaches } = open();
  session.start({ text, name: "notes", recipe: { steps: 400 }, device: "wasm" });
  await vi.waitFor(() => expect(session.view.step).toBeGreaterThan(5));
  session.moveTo("webgpu");
  await reaches("running");
  await vi.waitFor(() => expect(session.view.step).toBeGreaterThan(20));
  await session.pause();
  await reaches("paused");
  const { step } = session.view;
  session.moveTo("wasm");
  expect(session.view.phase).toBe("preparing");
  await reaches("paused");
  expect(session.view.step).toBe(step);
  const { points } = session.view.history.train;
  expect(points.map(({ first }) => first)).toEqual(Array.from({ length: step }, (_, i) => i + 1));
  expect(phases).toEqual(["preparing", "running", "preparing", "running", "paused", "preparing", "paused"]);
});

test("what an earlier run still says is not heard", async () => {
  const { session, phases } = open();
  session.start({ text, recipe: { steps: 500 } });
  await vi.waitFor(() => expect(session.view.step).toBeGreaterThan(2));
  session.reset();
  await session.settled();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(session.view.step).toBe(0);
  expect(phases.at(-1)).toBe("idle");
});

test("a failure is held, and can be tried again", async () => {
  const { session, reaches } = open();
  session.start({ text: new Blob(["short"]), recipe: { steps: 5 } });
  await reaches("failed");
  expect(String(session.view.error)).toMatch(/it has 12 tokens/);
  expect(session.run).toBeUndefined();
  session.retry();
  expect(session.view.phase).toBe("preparing");
  await reaches("failed");
});
