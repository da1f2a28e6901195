// The arithmetic of a table of any length.

/** Rows beyond the edges, so that fast scrolling shows no holes. */
const beyond = 8;

/** The rows to draw: from `first` up to but not `end`. */
export function rowsIn({
  top,
  height,
  rowHeight,
  rows,
}: {
  top: number;
  height: number;
  rowHeight: number;
  rows: number;
}): {
  first: number;
  end: number;
} {
  const first = Math.max(0, Math.floor(top / rowHeight) - beyond);
  return { first: Math.min(first, rows), end: Math.min(rows, Math.ceil((top + height) / rowHeight) + beyond) };
}

/** The row that a key leads to. Undefined for a key that does not move. */
export function afterKey(
  key: string,
  row: number,
  { last, page, isControl }: { last: number; page: number; isControl: boolean },
): number | undefined {
  const within = (wanted: number) => Math.min(last, Math.max(0, wanted));
  if (isControl && key !== 'Home' && key !== 'End') return undefined;
  switch (key) {
    case 'ArrowDown':
      return within(row + 1);
    case 'ArrowUp':
      return within(row - 1);
    case 'PageDown':
      return within(row + page);
    case 'PageUp':
      return within(row - page);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return undefined;
  }
}
