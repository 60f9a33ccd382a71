/** What went wrong with an encoded image, in the words of the fault list. */

import { CodecError } from "../../base/errors.ts";
import type { FaultCode } from "../fault.ts";

/** Bytes that are no image, or pixels that cannot be encoded. */
export class ImageError extends CodecError {
  /** The code under which a reader reports this image. */
  readonly fault: FaultCode;

  /**
   * @param fault - What is wrong.
   * @param message - From `explain`.
   * @param options - The cause.
   */
  constructor(fault: FaultCode, message: string, options?: ErrorOptions) {
    super("image", message, options);
    this.name = "ImageError";
    this.fault = fault;
  }
}
