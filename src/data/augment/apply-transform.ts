import { Canvas } from "./_canvas.ts";
import type { Scene, Transform } from "./transform.ts";

/** Applies one transform with concrete parameters to a scene: what transforms made of others do inside. */
export function applyTransform<Params>(
  scene: Scene,
  transform: Pick<Transform<never, Params>, "effect">,
  params: Params,
  others: readonly Scene[] = [],
): Scene {
  const canvas = new Canvas(scene, "exact", (done) => done);
  canvas.apply(transform as Transform<unknown, unknown>, params, others);
  return canvas.scene();
}
