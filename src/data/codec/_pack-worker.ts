/** A thread that compresses columns for {@link packSource}. */

import { serve } from "../worker-pool.ts";
import { type PackAnswer, type PackTask, packColumn } from "./_pack-column.ts";

serve<PackTask, PackAnswer>((task) => {
  const answer = packColumn(task);
  return [answer, [answer.bytes.buffer]];
});
