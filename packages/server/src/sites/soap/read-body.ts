// A request body, up to a limit. Nothing is kept of one that is too long.
import type { IncomingMessage } from 'node:http';

export type ReadBody =
  | { kind: 'body'; bytes: Buffer }
  | { kind: 'too-large' }
  /** The client went away before its request was complete. */
  | { kind: 'cut' };

export function readBody(request: IncomingMessage, maxBytes: number): Promise<ReadBody> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) return Promise.resolve({ kind: 'too-large' });
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let size = 0;
    request.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size > maxBytes) {
        pieces.length = 0;
        request.removeAllListeners('data');
        request.pause();
        resolve({ kind: 'too-large' });
      } else pieces.push(piece);
    });
    request.once('end', () => resolve({ kind: 'body', bytes: Buffer.concat(pieces, size) }));
    request.once('error', () => resolve({ kind: 'cut' }));
    request.once('close', () => resolve({ kind: 'cut' }));
  });
}

/** The text of a body by its byte order mark, else by the charset of its content type, else UTF-8; undefined when it is not that. */
export function decodeText(bytes: Uint8Array, contentType: string): string | undefined {
  try {
    return new TextDecoder(charsetOf(bytes, contentType), { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function charsetOf(bytes: Uint8Array, contentType: string): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return /charset\s*=\s*"?([\w-]+)/i.exec(contentType)?.[1] ?? 'utf-8';
}
