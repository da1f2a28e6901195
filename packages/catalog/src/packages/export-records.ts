// metadata.txt of a WSUS export package: one record per update, `GUID,revision,length,xml` CR LF, the two numbers as
// eight lower-case hexadecimal digits. Read by length, not by line: the XML may hold line breaks.
import { updateBounds } from '../bounds.ts';
import { CatalogError } from '../errors.ts';
import type { UpdateIdentity } from '../ids.ts';

/** Whether text that begins so is a run of export records. */
export function looksLikeExportRecords(start: string): boolean {
  return head.test(start.replace(/^\uFEFF/, ''));
}

const headSource = '([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}),([0-9a-f]{1,8}),([0-9a-f]{1,8}),';
const head = new RegExp(`^\\s*${headSource}`, 'i');
const nextRecord = new RegExp(`\\r?\\n(?=${headSource})`, 'gi');

/**
 * Takes the text in pieces, of any length, and gives each record's XML when it is complete. Where a record's length is
 * wrong the next line that begins as a record ends it: one bad record does not cost the others.
 */
export class ExportRecordReader {
  readonly #maxCharacters: number;
  readonly #pieces: string[] = [];
  #held = 0;
  #count = 0;
  /** A record of wrong length is looked through again when so much is held: never once for every piece. */
  #searchAt = 0;

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
  }

  /** Throws CATALOG_BAD_PACKAGE where no record begins, CATALOG_OVER_LIMIT for one that is longer than allowed. */
  *write(text: string): Generator<string> {
    this.#pieces.push(this.#count === 0 && this.#held === 0 ? text.replace(/^\uFEFF/, '') : text);
    this.#held += text.length;
    yield* this.#records(false);
  }

  /** The rest. Throws CATALOG_BAD_PACKAGE when the text ended inside a record. */
  *close(): Generator<string> {
    yield* this.#records(true);
    if (this.#join().trim() === '') return;
    throw new CatalogError('CATALOG_BAD_PACKAGE', `The export package ends inside record ${this.#count + 1}.`);
  }

  *#records(isAll: boolean): Generator<string> {
    for (let wanted = this.#wanted(); wanted; wanted = this.#wanted()) {
      const { start, end } = wanted;
      const isAllowed = end - start <= this.#maxCharacters;
      if (isAllowed && !isAll && this.#held < end + updateBounds.maxRecordHead) return;
      if (this.#held < this.#searchAt && !isAll) return;
      const whole = this.#join();
      const found = isAllowed && isEndOfRecord(whole, end) ? end : this.#searchEnd(whole, start, isAll);
      if (found === undefined) return;
      yield whole.slice(start, found);
      this.#count++;
      this.#searchAt = 0;
      this.#replace(whole.slice(found).replace(/^[\r\n]+/, ''));
    }
  }

  /** The end of a record that is not where its length says. */
  #searchEnd(whole: string, start: number, isAll: boolean): number | undefined {
    nextRecord.lastIndex = start;
    const end = nextRecord.exec(whole)?.index ?? whole.length;
    if (end - start > this.#maxCharacters) {
      throw new CatalogError('CATALOG_OVER_LIMIT', `Record ${this.#count + 1} is longer than ${this.#maxCharacters}.`);
    }
    if (end < whole.length) return end;
    if (isAll) return /<\/(?:[\w.-]+:)?Update\s*>\s*$/.test(whole) ? end : undefined;
    this.#searchAt = this.#held * 2;
    return undefined;
  }

  #wanted(): { start: number; end: number } | undefined {
    const first = this.#pieces[0] ?? '';
    const text = first.length >= updateBounds.maxRecordHead || this.#pieces.length === 1 ? first : this.#join();
    const match = head.exec(text);
    if (!match) {
      if (text.length < updateBounds.maxRecordHead) return undefined;
      throw new CatalogError(
        'CATALOG_BAD_PACKAGE',
        `Record ${this.#count + 1} does not begin with GUID,revision,length.`,
      );
    }
    const length = Number.parseInt(match[3] ?? '', 16);
    return { start: match[0].length, end: match[0].length + length };
  }

  #join(): string {
    const whole = this.#pieces.join('');
    if (this.#pieces.length > 1) this.#replace(whole);
    return whole;
  }

  #replace(text: string): void {
    this.#pieces.length = 0;
    if (text !== '') this.#pieces.push(text);
    this.#held = text.length;
  }
}

/** One record as `wsusutil export` writes it. */
export function writeExportRecord({ updateId, revisionNumber }: UpdateIdentity, xml: string): string {
  return `${updateId},${hex(revisionNumber)},${hex(xml.length)},${xml}\r\n`;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/** Whether a record can end here: nothing follows, or the next one does. */
function isEndOfRecord(text: string, end: number): boolean {
  if (end > text.length) return false;
  const rest = text.slice(end, end + updateBounds.maxRecordHead);
  return rest.trim() === '' || head.test(rest);
}
