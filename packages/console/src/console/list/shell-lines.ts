// Lists outside of the console: lines for a shell, and CSV that no spreadsheet takes for a formula.

/** Lines of POSIX shell that print the list at `address`, page by page when there are several. */
export function shellLines(origin: string, address: string, isLong: boolean): string {
  const asked = 'curl --fail --silent --show-error --header "Authorization: Bearer $MOULT_TOKEN"';
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  if (!isLong) return `${asked} ${quoted(origin + address)}`;
  return [
    `next=${quoted(address)}`,
    'while [ -n "$next" ]; do',
    `  ${asked} --dump-header head.txt ${quoted(origin)}"$next"`,
    '  next=$(sed -n \'s/^[Ll]ink: <\\([^>]*\\)>; rel="next".*/\\1/p\' head.txt)',
    'done',
  ].join('\n');
}

/** All fields of all items, in the order in which they first come. Lines end as RFC 4180 says. */
export function csvOf(items: readonly Record<string, unknown>[]): string {
  const columns = [...new Set(items.flatMap((item) => Object.keys(item)))];
  const lines = [columns, ...items.map((item) => columns.map((name) => item[name]))];
  return `${lines.map((cells) => cells.map(cellOf).join(',')).join('\r\n')}\r\n`;
}

/** As @moult/formats writes it: a text that a spreadsheet would calculate gets an apostrophe. */
function cellOf(value: unknown): string {
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'string');
  const text =
    value === undefined || value === null
      ? ''
      : isList
        ? value.join(', ')
        : typeof value === 'object'
          ? JSON.stringify(value)
          : String(value);
  const safe = typeof value !== 'number' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
