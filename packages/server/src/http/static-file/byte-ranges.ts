// RFC 9110 section 14: the Range header of a GET.
import { httpBounds } from '../../bounds.ts';

/** First and last byte, both included. */
export interface ByteRange {
  first: number;
  last: number;
}

/**
 * The satisfiable ranges in the order asked, or an empty array without any (416). Undefined if the header must be
 * ignored: no `bytes` unit, wrong syntax, too many ranges, or ranges that together exceed the file.
 */
export function parseByteRanges(header: string, sizeBytes: number): ByteRange[] | undefined {
  const list = /^bytes=([\d\s,-]+)$/i.exec(header.trim())?.[1];
  if (list === undefined) return undefined;
  const specs = list
    .split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '');
  if (specs.length === 0 || specs.length > httpBounds.maxRanges) return undefined;
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const range = parseSpec(spec, sizeBytes);
    if (range === 'malformed') return undefined;
    if (range) ranges.push(range);
  }
  const total = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return ranges.length > 1 && total > sizeBytes ? undefined : ranges;
}

function parseSpec(spec: string, sizeBytes: number): ByteRange | 'malformed' | undefined {
  const match = /^(\d*)-(\d*)$/.exec(spec);
  const [, from = '', to = ''] = match ?? [];
  if (!match || (from === '' && to === '')) return 'malformed';
  if (from === '') return suffix(Number(to), sizeBytes);
  const first = Number(from);
  const last = to === '' ? Number.POSITIVE_INFINITY : Number(to);
  if (last < first) return 'malformed';
  return first < sizeBytes ? { first, last: Math.min(last, sizeBytes - 1) } : undefined;
}

function suffix(length: number, sizeBytes: number): ByteRange | undefined {
  if (length === 0 || sizeBytes === 0) return undefined;
  return { first: Math.max(0, sizeBytes - length), last: sizeBytes - 1 };
}
