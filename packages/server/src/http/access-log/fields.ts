// One field of a W3C line. Each input of a client stays one field on one line.
import { httpBounds } from '../../bounds.ts';

// Nearly every field there is: nothing to escape.
const plain = /^[!-~]*$/;
// Blanks part the fields, also those of Unicode for readers that split by them. Control characters and the line ends of
// Unicode could part the lines. Bidirectional marks and invisible characters make one line look like another.
const escaped = /[\s\p{Cc}\p{Z}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** `-` for nothing, `+` for blanks, %XX for invisible characters, `...` at the end of a cut text. */
export function escapeField(value: string | undefined): string {
  if (value === undefined || value === '') return '-';
  const text = plain.test(value) ? value : value.toWellFormed().replace(escaped, escapeCharacter);
  return text.length * 3 > httpBounds.maxAccessFieldBytes && Buffer.byteLength(text) > httpBounds.maxAccessFieldBytes
    ? cut(text)
    : text;
}

/**
 * The path of a request target, percent-decoded once as HTTP.sys does. As sent when it cannot be decoded. Proxies send
 * the whole address (`GET http://server/path`): its path is what IIS notes.
 */
export function stemOf(url: string): string {
  const end = url.indexOf('?');
  const target = end < 0 ? url : url.slice(0, end);
  const path = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/]*/i, '') || '/';
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function escapeCharacter(character: string): string {
  if (character === ' ') return '+';
  return encodeURIComponent(character);
}

function cut(text: string): string {
  const bytes = Buffer.from(text).subarray(0, httpBounds.maxAccessFieldBytes - 3);
  // A character that was cut in two leaves a replacement character behind.
  return `${bytes.toString().replace(/\ufffd$/, '')}...`;
}
