// The documentation as people read it: the pages of findings are templates that a report fills in, and without a case
// their sentences leave out what is not known.
import { describePage, isFindingCode } from '@moult/doctor/words';

/** The text of the page at `path` under docs/, of which `markdown` is the source. */
export function readPage(path: string, markdown: string): string {
  const code = /^findings\/(\w+)\.md$/.exec(path)?.[1];
  return code !== undefined && isFindingCode(code) ? describePage(code) : markdown;
}
