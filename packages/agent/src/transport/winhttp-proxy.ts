// Windows' proxy for services, as "netsh winhttp set proxy" stores it: REG_BINARY WinHttpSettings. Microsoft does not document
// the layout. It is that of DefaultConnectionSettings, as administrators' tools read it. All numbers are little-endian:
//   0 size of the fixed part (0x18, 0x28, 0x46)
//   4 counter of changes
//   8 flags (1 direct, 2 proxy, 4 script, 8 detect)
//   12 length of the proxy list, its characters, length of the bypass list, its characters
// The rest is not read.

import { transportBounds } from '../bounds.ts';
import { keys } from '../machine/keys.ts';

interface WinHttpProxy {
  /** `host:port`, or `http=host:port;https=host:port`. */
  proxy: string;
  /** Between semicolons. */
  bypass: string;
}

export const winHttpValue = {
  key: keys.connections,
  name: 'WinHttpSettings',
} as const;

const usesProxy = 2;

/** The proxy in the bytes of WinHttpSettings. Undefined for "direct" and for bytes of another kind. */
export function parseWinHttpSettings(bytes: Uint8Array): WinHttpProxy | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < 16 || (view.readUInt32LE(8) & usesProxy) === 0) return undefined;
  const proxy = readList(view, 12);
  const bypass = proxy && readList(view, proxy.end);
  if (!proxy || proxy.text === '') return undefined;
  return { proxy: proxy.text, bypass: bypass?.text ?? '' };
}

function readList(view: Buffer, at: number): { text: string; end: number } | undefined {
  if (at + 4 > view.length) return undefined;
  const length = view.readUInt32LE(at);
  const end = at + 4 + length;
  if (length > transportBounds.maxProxyListBytes || end > view.length) return undefined;
  const text = view.subarray(at + 4, end).toString('latin1');
  return /^[\x20-\x7e]*$/.test(text) ? { text: text.trim(), end } : undefined;
}
