/** The requests of S3 that Cameo makes, signed, and the little XML that answers them. */

import { AwsV4Signer } from "aws4fetch";
import { DataError, explain } from "../../base/errors.ts";
import type { Send } from "./_retry.ts";

/** Where a store is and who asks. */
export interface S3Access {
  /** Address of a server other than AWS: `http://127.0.0.1:9000`. Objects are below `/<bucket>/` there. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
}

/** What the environment says, under the names that the AWS tools use. */
export function accessOf(env: Readonly<Record<string, string | undefined>>): S3Access {
  return {
    endpoint: env["AWS_ENDPOINT_URL_S3"] ?? env["AWS_ENDPOINT_URL"],
    region: env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"],
    accessKeyId: env["AWS_ACCESS_KEY_ID"],
    secretAccessKey: env["AWS_SECRET_ACCESS_KEY"],
    sessionToken: env["AWS_SESSION_TOKEN"],
  };
}

/** Bucket and key of `s3://bucket/key`. */
export function s3Parts(location: string): { readonly bucket: string; readonly key: string } {
  const found = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(location);
  if (found !== null) return { bucket: found[1] as string, key: found[2] as string };
  throw new DataError(
    explain({
      api: "data",
      action: `read "${location}"`,
      received: "it names no bucket",
      rule: "must be s3://bucket/key",
    }),
    { source: location },
  );
}

/** The URL of an object, or of the bucket where `key` is "". */
export function objectUrl(access: S3Access, bucket: string, key: string): URL {
  const region = access.region ?? "us-east-1";
  // Certificates of AWS cover one label before the host, so a bucket with dots goes into the path.
  const base =
    access.endpoint !== undefined
      ? `${access.endpoint.replace(/\/+$/, "")}/${bucket}`
      : bucket.includes(".")
        ? `https://s3.${region}.amazonaws.com/${bucket}`
        : `https://${bucket}.s3.${region}.amazonaws.com`;
  return new URL(`${base}/${key.split("/").map(escaped).join("/")}`);
}

/** As AWS signs it: `encodeURIComponent` leaves five signs that it escapes. */
function escaped(part: string): string {
  return encodeURIComponent(part).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Sends requests to URLs of a store, signed if there are credentials: public buckets need none. */
export function signedSend(access: S3Access): Send {
  return async (location, { query = "", ...init }) => {
    const { bucket, key } = s3Parts(location);
    const url = objectUrl(access, bucket, key);
    url.search = query;
    const { accessKeyId, secretAccessKey, sessionToken } = access;
    if (accessKeyId === undefined || secretAccessKey === undefined) return fetch(url, init);
    const signer = new AwsV4Signer({
      url: url.href,
      method: init.method ?? "GET",
      headers: init.headers ?? {},
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service: "s3",
      region: access.region ?? "us-east-1",
    });
    const { headers } = await signer.sign();
    return fetch(url, { ...init, headers });
  };
}

/** One page of a listing. */
export interface ListPage {
  readonly objects: readonly { readonly key: string; readonly sizeBytes: number; readonly version: string }[];
  /** Where the next page begins; undefined after the last. */
  readonly next: string | undefined;
}

/** Reads the answer to ListObjectsV2. */
export function parseListPage(xml: string): ListPage {
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, body = ""]) => ({
    key: elementText(body, "Key") ?? "",
    sizeBytes: Number(elementText(body, "Size")),
    version: elementText(body, "ETag") ?? "",
  }));
  const isCut = elementText(xml, "IsTruncated") === "true";
  return { objects, next: isCut ? elementText(xml, "NextContinuationToken") : undefined };
}

/** Text of the first element of a name. */
export function elementText(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(xml)?.[1];
  return text?.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (entity, hex, decimal, name) =>
    hex !== undefined
      ? String.fromCodePoint(Number.parseInt(hex, 16))
      : decimal !== undefined
        ? String.fromCodePoint(Number(decimal))
        : (entities[name] ?? entity),
  );
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
