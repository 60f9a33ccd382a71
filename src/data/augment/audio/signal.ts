/** Sound on the host. */

/** Samples of one channel, nominally in [-1, 1]. */
export interface Signal {
  readonly samples: Float32Array;
  /** [samples per second] */
  readonly sampleRate: number;
}

/** Energy (or its logarithm) of sound by time and frequency: `data[frame * bins + bin]`. */
export interface Spectrogram {
  readonly data: Float32Array;
  readonly frames: number;
  readonly bins: number;
}
