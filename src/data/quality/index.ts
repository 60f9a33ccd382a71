/** What is wrong with a data set, what is twice in it, and a certificate of what was removed and why. */

export {};
