/** What a store or reader throws when bytes cannot be had: an error that carries its fault. */

import { DataError, explain, isCameoError, messageOf } from "../../base/errors.ts";
import { describeFault, type Fault, type FaultCode } from "../fault.ts";

/** Data that cannot be read. Readers that quarantine take {@link fault} to their log; everyone else lets it end the run. */
export class ReadError extends DataError {
  readonly fault: Fault;

  constructor(fault: Fault, rule: string, options: ErrorOptions & { hint?: string | undefined } = {}) {
    const received = describeFault(fault)
      .slice(fault.source.length)
      .replace(/^[,:] /, "");
    const message = explain({ api: "data", action: `read "${fault.source}"`, received, rule, hint: options.hint });
    super(message, { source: fault.source, cause: options.cause });
    this.name = "ReadError";
    this.fault = fault;
  }
}

/**
 * The fault in whatever was thrown.
 *
 * @param error - Anything that was thrown.
 * @param source - File at hand, if the error names none.
 * @param code - What is wrong if the error does not say.
 * @returns That of a {@link ReadError}; else a fault with the error's message.
 */
export function faultOf(error: unknown, source: string, code: FaultCode): Fault {
  if (isCameoError(error, "data") && "fault" in error) return error.fault as Fault;
  return { code, source, detail: messageOf(error) };
}
