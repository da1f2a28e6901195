// Lists outside of the console: lines for a shell.

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

/** Pages of CSV as one table: the line with the names of the columns comes once. */
export function joinedCsv(pages: readonly string[]): string {
  return pages.map((page, at) => (at === 0 ? page : page.slice(page.indexOf('\r\n') + 2))).join('');
}
