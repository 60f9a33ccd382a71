/** A worker that makes one call. */

import { type CallRequest, callHere } from "./call.ts";

self.onmessage = async ({ data }: MessageEvent<CallRequest>) => self.postMessage(await callHere(data));
