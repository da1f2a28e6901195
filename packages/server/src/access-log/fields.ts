// One field of a W3C line. Whatever a client sends, it stays one field on one line.

/** IIS 7 and later cut a field after this many bytes. */
export const maxFieldBytes = 4096;

// Blanks part the fields; control characters (C0, DEL, C1) and the Unicode line ends could part the lines.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const special = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\ud800-\udfff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const escaped = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029]/g;

/** `-` for nothing, `+` for blanks, %XX for control characters, `...` at the end of what was too long. */
export function escapeField(value: string | undefined): string {
  if (value === undefined || value === '') return '-';
  const text = special.test(value) ? value.toWellFormed().replace(escaped, escapeCharacter) : value;
  return text.length * 3 > maxFieldBytes && Buffer.byteLength(text) > maxFieldBytes ? cut(text) : text;
}

/** The path of a request target, percent-decoded once as HTTP.sys does; as sent when it cannot be decoded. */
export function stemOf(url: string): string {
  const end = url.indexOf('?');
  const path = end < 0 ? url : url.slice(0, end);
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
  const bytes = Buffer.from(text).subarray(0, maxFieldBytes - 3);
  // A character that was cut in two leaves a replacement character behind.
  return `${bytes.toString().replace(/\ufffd$/, '')}...`;
}
