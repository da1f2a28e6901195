// The HTTP half of RFC 3161 (section 3.4): one POST there, one answer back.

import type { RequestTimestamp } from '@moult/formats/authenticode';
import { commandLimits } from '../bounds.ts';
import { UsageError } from '../terminal.ts';
import { TimestampAuthorityError } from './errors.ts';

/** Asks the authority at `url`. Throws UsageError for a bad address. */
export function timestampAuthority(url: string): RequestTimestamp {
  const address = URL.parse(url);
  if (!address || !/^https?:$/.test(address.protocol)) throw new UsageError(`--tsa ${url} is not an http address.`);
  return async (request) => {
    const response = await ask(address, request);
    const type = response.headers.get('content-type') ?? 'no content type';
    if (!response.ok || !type.startsWith('application/timestamp-reply')) {
      throw new TimestampAuthorityError(
        `The time-stamp authority ${url} answered ${response.status} with ${type}. Nothing was signed.`,
      );
    }
    return readAnswer(response, url);
  };
}

async function ask(url: URL, request: Uint8Array): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
      body: Uint8Array.from(request),
      signal: AbortSignal.timeout(commandLimits.timestampMs),
    });
  } catch (cause) {
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    const message = `The time-stamp authority ${url.href} cannot be reached (${why}). Nothing was signed.`;
    throw new TimestampAuthorityError(message, { cause });
  }
}

async function readAnswer(response: Response, url: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > commandLimits.maxTimestampBytes) {
      throw new TimestampAuthorityError(`The time-stamp authority ${url} answers without end. Nothing was signed.`);
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
