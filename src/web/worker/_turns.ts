/** Turns of the event loop. */

/** A MessagePort, as browsers and Node have it. */
interface Port {
  onmessage: (() => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** Waits for other events without the delays of timers, which browsers stretch. */
export class Turns {
  readonly #channel = new MessageChannel() as unknown as { readonly port1: Port; readonly port2: Port };
  #resolve: (() => void) | undefined;

  constructor() {
    this.#channel.port1.onmessage = () => this.#resolve?.();
  }

  /** Lets what waits in the event loop happen: messages, above all. One at a time. */
  next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#resolve = resolve;
    this.#channel.port2.postMessage(0);
    return promise;
  }

  close(): void {
    this.#channel.port1.close();
  }
}
