// What was read is hostile until shown otherwise: control characters and bidirectional overrides become visible dots.

/** Text that can go to a terminal or a page. Line ends and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll(/(?![\t\r\n])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, '\u00b7');
}
