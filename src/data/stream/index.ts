/** Shards, and the order in which samples come to the trainer. */

export {};
