// Shows a stranger's text. An invisible character, or one that turns the order of visible ones, becomes a mark like
// <U+202E>. Without this one computer can look like another, and one line of a log like two. A name can even give
// orders to the terminal.

// Control characters (ESC among them). Format characters: bidirectional marks, zero-width ones, tags. The line and
// paragraph ends of Unicode. Everything else that a font shows as nothing. Halves of surrogate pairs.
const hidden = String.raw`\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Cs}`;
const inText = new RegExp(`[${hidden}]`, 'gu');
const inLines = new RegExp(String.raw`(?!\n|\t|\r\n)[${hidden}]`, 'gu');
// In JSON these stand within strings only: JSON.stringify leaves no others, and its own line ends and blanks.
const inJson = new RegExp(String.raw`(?!\n)[${hidden}]`, 'gu');

/** The text on one line, with a mark like <U+202E> in place of each character that cannot be seen. */
export function visibleText(text: string): string {
  return plain.test(text) ? text : text.replace(inText, markOf);
}

/** As visibleText, for text of several lines: line ends (LF, CR LF) and tabs stay. */
export function visibleLines(text: string): string {
  return text.replace(inLines, markOf);
}

/** `value` with visibleLines done to every string within its arrays and plain objects. Keys stay. */
export function visibleIn<T>(value: T): T {
  if (typeof value === 'string') return visibleLines(value) as T;
  if (Array.isArray(value)) return value.map(visibleIn) as T;
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, visibleIn(one)])) as T;
}

/** JSON that says the same to a program. It has no character that a terminal obeys or a reader cannot see. */
export function jsonText(value: unknown, indent?: number): string {
  return visibleJson(JSON.stringify(value, undefined, indent) ?? 'null');
}

/** As jsonText, for JSON that was made already. */
export function visibleJson(json: string): string {
  return json.replace(inJson, escapeOf);
}

// Nearly every text there is.
const plain = /^[ -~]*$/;

function markOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}

function escapeOf(character: string): string {
  let escaped = '';
  for (let index = 0; index < character.length; index++) {
    escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}
