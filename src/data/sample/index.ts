/** Which rows: samplers with inclusion probabilities, and how well a sample stands for its source. */

export {};
