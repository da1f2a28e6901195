// Logs come as ANSI, UTF-8 or UTF-16 in either order, with or without a byte order mark. Everything becomes UTF-8 bytes
// by the chunk. So the readers above see one encoding, and memory stays bounded.
import { isAscii, isUtf8 } from 'node:buffer';

type TextEncodingName = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

interface Sniffed {
  encoding: TextEncodingName;
  /** Bytes of the byte order mark. */
  markBytes: number;
}

/** Guesses the encoding from the first bytes of a file. */
export function sniffEncoding(head: Buffer): Sniffed {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { encoding: 'utf-8', markBytes: 3 };
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: 'utf-16le', markBytes: 2 };
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: 'utf-16be', markBytes: 2 };
  const { even, odd } = countZeros(head);
  const half = Math.max(1, head.length / 2);
  if (odd / half > 0.3 && even / half < 0.05) return { encoding: 'utf-16le', markBytes: 0 };
  if (even / half > 0.3 && odd / half < 0.05) return { encoding: 'utf-16be', markBytes: 0 };
  return { encoding: isUtf8(withoutCutCharacter(head)) ? 'utf-8' : 'windows-1252', markBytes: 0 };
}

/** Decodes whole bytes at once. */
export function decodeText(bytes: Buffer): string {
  const { encoding, markBytes } = sniffEncoding(bytes.subarray(0, 65536));
  return new TextDecoder(encoding).decode(bytes.subarray(markBytes));
}

/** Turns chunks of a file into UTF-8 chunks. ASCII-compatible encodings pass unchanged. */
export class ChunkTranscoder {
  private readonly decoder: InstanceType<typeof TextDecoder> | undefined;

  constructor(encoding: TextEncodingName) {
    // ANSI bytes above 0x7f only ever occur inside text that is shown, and are decoded there, line by line.
    this.decoder = encoding.startsWith('utf-16') ? new TextDecoder(encoding) : undefined;
  }

  /** True when chunks pass unchanged. */
  get isTransparent(): boolean {
    return this.decoder === undefined;
  }

  transcode(chunk: Buffer): Buffer {
    return this.decoder ? Buffer.from(this.decoder.decode(chunk, { stream: true }), 'utf8') : chunk;
  }
}

/** One line for people: UTF-8 where it is, else Windows-1252. */
export function decodeLine(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : ansi.decode(bytes);
}

const ansi = new TextDecoder('windows-1252');

function countZeros(head: Buffer): { even: number; odd: number } {
  let even = 0;
  let odd = 0;
  for (let index = 0; index < head.length; index++) {
    if (head[index] !== 0) continue;
    if (index % 2 === 0) even++;
    else odd++;
  }
  return { even, odd };
}

function withoutCutCharacter(head: Buffer): Buffer {
  let end = head.length;
  while (end > 0 && end > head.length - 4 && (head[end - 1] ?? 0) >= 0x80) end--;
  return head.subarray(0, end);
}
