// A request body, up to a limit and as far as there is room. Nothing is kept of one that is too long.
import type { IncomingMessage } from 'node:http';
import type { BodyPlace, BodyRoom } from './body-room.ts';

type ReadBody =
  /** Leave `place` when the call is over. */
  | { kind: 'body'; bytes: Buffer; place: BodyPlace }
  | { kind: 'too-large' }
  /** All clients together send more than there is room for, and this one stood still for longest. */
  | { kind: 'no-room' }
  /** The client went away before its request was complete. */
  | { kind: 'cut' };

export function readBody(request: IncomingMessage, maxBytes: number, room: BodyRoom): Promise<ReadBody> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) return Promise.resolve({ kind: 'too-large' });
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let size = 0;
    const give = (kind: 'too-large' | 'no-room' | 'cut') => {
      place.leave();
      pieces.length = 0;
      request.removeListener('data', take).removeListener('end', complete);
      resolve({ kind });
    };
    const place = room.enter(() => give('no-room'));
    const take = (piece: Buffer) => {
      size += piece.length;
      if (size > maxBytes) give('too-large');
      else if (!place.grow(piece.length)) give('no-room');
      else pieces.push(piece);
    };
    const complete = () => {
      place.complete();
      const bytes = Buffer.concat(pieces, size);
      // The listeners live as long as the request: its first form stays beside it for all that time.
      pieces.length = 0;
      resolve({ kind: 'body', bytes, place });
    };
    request.on('data', take).once('end', complete);
    request.once('error', () => give('cut'));
    request.once('close', () => {
      if (!request.complete) give('cut');
    });
  });
}

/**
 * Reads on past what is left of a refused body and forgets it, up to a limit: a client that sends before it reads sees
 * its connection break, and never the reason. The time that a request may take bounds this too.
 */
export function passOver(request: IncomingMessage, { mostBytes }: { mostBytes: number }): void {
  let left = mostBytes;
  request.on('data', (piece: Buffer) => {
    left -= piece.length;
    if (left < 0) request.socket.destroy();
  });
  request.on('error', () => undefined);
  request.resume();
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The text of a body in its own encoding. Undefined when it is not that. */
export function decodeText(bytes: Uint8Array, contentType: string): string | undefined {
  try {
    const encoding = encodingOf(bytes, contentType);
    const decoder = encoding === 'utf-8' ? utf8 : new TextDecoder(encoding, { fatal: true });
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** By the byte order mark, else the charset of the content type, else the declaration of XML (RFC 7303, 3). */
function encodingOf(bytes: Uint8Array, contentType: string): string {
  const [first, second, third] = bytes;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  const lessThan = 0x3c;
  if (first === 0 && second === lessThan) return 'utf-16be';
  if (first === lessThan && second === 0) return 'utf-16le';
  const said = /charset\s*=\s*["']?([\w.:-]+)/i.exec(contentType)?.[1];
  if (said) return said;
  const beginning = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  const declared = /^<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(beginning)?.[1];
  // Text of one octet a character is not UTF-16, whatever its declaration says.
  return declared && !/^utf-?16/i.test(declared) ? declared : 'utf-8';
}
