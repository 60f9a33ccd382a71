/** Pixels of one image beyond which its header is not believed, unless the caller says so. */
export const mostPixels: number = 2 ** 26;
