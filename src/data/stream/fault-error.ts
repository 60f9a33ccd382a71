/** A fault on its way to whoever knows the source and the row. */

import type { FaultCode } from "../fault.ts";

/** Thrown where bytes are decoded; readers turn it into a fault of a row or of a shard. Never leaves the readers. */
export class FaultError extends Error {
  readonly faultCode: FaultCode;
  /** Byte of the file, when that is known. */
  readonly byte: number | undefined;

  constructor(faultCode: FaultCode, detail: string, byte?: number, options?: ErrorOptions) {
    super(detail, options);
    this.name = "FaultError";
    this.faultCode = faultCode;
    this.byte = byte;
  }
}
