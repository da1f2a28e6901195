// A stranger's text within a bound: cut between two characters, and marked as cut.

const mark = '…';
const markBytes = 3;
const encoder = new TextEncoder();

/**
 * The text itself if its UTF-8 has at most `maxBytes` bytes. A longer text is cut and ends with `…`, within `maxBytes`
 * (at least 3). Half surrogates and U+0000, which no database keeps, become U+FFFD.
 */
export function cutText(text: string, maxBytes: number): string {
  // A character of UTF-16 is one byte of UTF-8 or more: the rest cannot fit, and a long one is not read to its end.
  const kept = wellFormed(text.length > maxBytes ? text.slice(0, maxBytes + 1) : text);
  if (kept.length * 3 <= maxBytes) return kept;
  const room = new Uint8Array(maxBytes);
  if (encoder.encodeInto(kept, room).read === kept.length) return kept;
  const { read } = encoder.encodeInto(kept, room.subarray(0, maxBytes - markBytes));
  return kept.slice(0, read) + mark;
}

function wellFormed(text: string): string {
  const whole = text.toWellFormed();
  return whole.includes('\0') ? whole.replaceAll('\0', '\ufffd') : whole;
}
