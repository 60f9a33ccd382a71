/** What Blosc chunks are made of: filters, LZ4 and BloscLZ, in one memory so that a block passes from one to the next without a copy. */

export { heapBase } from "./_memory";
export { bitshuffle, bitunshuffle } from "./_bitshuffle";
export { blosclzDecode } from "./_blosclz";
export { lz4Decode, lz4Encode } from "./_lz4";
export { lz4Search } from "./_lz4-search";
export { shuffle, unshuffle } from "./_shuffle";
