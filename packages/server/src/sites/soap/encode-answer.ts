// Content codings of answers: xpress for agents that ask for it (MS-WUSP 2.1.1), gzip for others that do, else plain.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { encodeXpress } from '@moult/formats/xpress';

const compress = promisify(gzip);

/** Below this a coding saves nothing that counts. */
const smallest = 200;

export interface EncodedAnswer {
  bytes: Uint8Array;
  encoding: 'xpress' | 'gzip' | undefined;
}

export async function encodeAnswer(text: string, acceptEncoding: string | undefined): Promise<EncodedAnswer> {
  const plain = Buffer.from(text);
  const coding = plain.length < smallest ? undefined : chooseCoding(acceptEncoding);
  if (coding === 'xpress') return { bytes: encodeXpress(plain, 'wusp'), encoding: 'xpress' };
  if (coding === 'gzip') return { bytes: await compress(plain, { level: 4 }), encoding: 'gzip' };
  return { bytes: plain, encoding: undefined };
}

function chooseCoding(acceptEncoding: string | undefined): 'xpress' | 'gzip' | undefined {
  if (!acceptEncoding) return undefined;
  const accepted = new Set<string>();
  for (const part of acceptEncoding.toLowerCase().split(',')) {
    const [coding = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    const refused = parameters.some((parameter) => /^q\s*=\s*0(\.0{0,3})?$/.test(parameter));
    if (!refused) accepted.add(coding);
  }
  if (accepted.has('xpress')) return 'xpress';
  return accepted.has('gzip') ? 'gzip' : undefined;
}
