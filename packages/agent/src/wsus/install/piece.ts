// One range of an update file, appended as it comes. A server says by its ETag whether it still has the file whose
// beginning is here. One that speaks of another place, or of another length, is not believed.
import { writeSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import type { UpdateFile } from '@moult/catalog';
import { readOutside } from '@moult/disk';
import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../../errors.ts';
import { writeFileAtomically } from '../../machine/atomic-file.ts';
import { type RequestLimits, sendExpecting } from '../../transport/request.ts';

export interface PartialDownload {
  url: string;
  /** The path of what is here so far, open for appending as `handle`. */
  partial: string;
  handle: number;
  file: UpdateFile;
  /** Bytes here so far. */
  received: number;
  /** False when the tags of this server led astray once: servers behind one name may each have their own. */
  byTag: boolean;
}

/** The server has another file now: what is here is its beginning no more. */
export class OtherFile extends Error {}

/** As native clients ask: closed ranges of one mebibyte. */
const pieceBytes = 1024 * 1024;

/** Counts what came in `download.received`, also when it throws. A server without ranges answers with the whole. */
export async function fetchPiece(
  { limits, userAgent }: { limits: RequestLimits; userAgent: string },
  download: PartialDownload,
): Promise<void> {
  const { url, handle, file } = download;
  const from = download.received;
  const to = Math.min(from + pieceBytes, file.sizeBytes) - 1;
  const known = from > 0 && download.byTag ? readTag(download) : undefined;
  let toSkip = 0;
  let expected = 0;
  let written = 0;
  const wrong = (what: string) => {
    const text = `${url} answered bytes ${from}-${to} with ${what}.`;
    return new AgentError('AGENT_DOWNLOAD_BAD_DIGEST', text, { hresult: hresult.downloadBadHash, url });
  };
  const begin = (status: number, headers: IncomingHttpHeaders) => {
    const said = strongTag(headers);
    if (known !== undefined && said !== undefined && said !== known) throw new OtherFile();
    if (status === 206 && !isRange(headers['content-range'], { from, to, total: file.sizeBytes })) {
      throw wrong('bytes of another place, or of a file of another length');
    }
    toSkip = status === 200 ? from : 0;
    expected = (status === 200 ? file.sizeBytes - 1 : to) - from + 1;
    if (from === 0) keepTag(download, said);
  };
  const take = (piece: Buffer) => {
    const skipped = Math.min(toSkip, piece.length);
    toSkip -= skipped;
    const rest = piece.subarray(skipped);
    if (written + rest.length > expected) throw wrong(`more than ${expected} bytes`);
    for (let done = 0; done < rest.length; ) {
      const count = writeSync(handle, rest, done);
      done += count;
      written += count;
      download.received += count;
    }
  };
  const { status } = await sendExpecting(
    {
      url,
      userAgent,
      headers: { Range: `bytes=${from}-${to}`, ...(known === undefined ? {} : { 'If-Range': known }) },
      limits: { ...limits, maxBytes: file.sizeBytes },
      sink: { accepts: [200, 206], begin, take },
    },
    [200, 206, 416],
  );
  if (status === 416) throw new OtherFile();
  if (written !== expected) throw wrong(`${written} bytes`);
}

function isRange(header: string | undefined, asked: { from: number; to: number; total: number }): boolean {
  const [, from, to, total] = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/i.exec(header?.trim() ?? '') ?? [];
  const isTotal = total === '*' || Number(total) === asked.total;
  return Number(from) === asked.from && Number(to) === asked.to && isTotal;
}

/** A weak tag does not promise the same bytes. */
function strongTag({ etag }: IncomingHttpHeaders): string | undefined {
  return etag !== undefined && /^"[\x21\x23-\x7e\x80-\xff]{1,200}"$/.test(etag) ? etag : undefined;
}

/** Of the same address alone: another server has tags of its own. */
function readTag({ url, partial }: PartialDownload): string | undefined {
  try {
    const known = JSON.parse(readOutside(`${partial}.json`).toString('utf8'));
    return known.url === url && typeof known.etag === 'string' ? strongTag({ etag: known.etag }) : undefined;
  } catch {
    return undefined;
  }
}

function keepTag({ url, partial }: PartialDownload, etag: string | undefined): void {
  if (etag !== undefined) writeFileAtomically(`${partial}.json`, JSON.stringify({ url, etag }));
}
