// The documentation as people read it. The pages of findings are templates that a report fills in. Without a case their
// sentences leave out the unknown parts.
import { describePage, isFindingCode } from '@moult/doctor/words';

/** The text of the page at `path` under docs/. `markdown` is its source. */
export function readPage(path: string, markdown: string): string {
  const code = /^findings\/(\w+)\.md$/.exec(path)?.[1];
  return code !== undefined && isFindingCode(code) ? describePage(code) : markdown;
}
