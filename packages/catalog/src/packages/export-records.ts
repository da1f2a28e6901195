// metadata.txt of a WSUS export package: one record per update, `GUID,revision,length,xml` CR LF, the two numbers as
// eight lower-case hexadecimal digits. Read by length, not by line: the XML may hold line breaks.
import { updateBounds } from '../bounds.ts';
import { CatalogError } from '../errors.ts';
import type { UpdateIdentity } from '../ids.ts';
import { largeDocumentCharacters } from '../metadata/large-document.ts';
import { type DocumentText, DocumentTextBuilder } from './document-text.ts';

/** Whether text that begins so is a run of export records. */
export function looksLikeExportRecords(start: string): boolean {
  return head.test(start.replace(/^\uFEFF/, ''));
}

const headSource = '([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}),([0-9a-f]{1,8}),([0-9a-f]{1,8}),';
const head = new RegExp(`^\\s*${headSource}`, 'i');
const nextRecord = new RegExp(`\\r?\\n(?=${headSource})`, 'gi');

interface LargeRecord {
  /** GUID, revision and length as they stood. */
  head: string;
  text: DocumentTextBuilder;
  /** Characters that are still to come. */
  left: number;
}

/**
 * Takes the text in pieces, of any length, and gives each record's XML when it is complete. If a record's length is
 * wrong, the next line that begins as a record ends it: one bad record does not cost the others.
 */
export class ExportRecordReader {
  readonly #maxCharacters: number;
  readonly #pieces: string[] = [];
  #held = 0;
  #count = 0;
  /** A record of wrong length is looked through again when so much is held: never once for every piece. */
  #searchAt = 0;
  #isStarted = false;
  #large: LargeRecord | undefined;
  #isMistrusted = false;

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
  }

  /** Throws CATALOG_BAD_PACKAGE where no record begins, CATALOG_OVER_LIMIT for one that is longer than allowed. */
  *write(text: string): Generator<DocumentText> {
    this.#pieces.push(this.#isStarted ? text : text.replace(/^\uFEFF/, ''));
    this.#isStarted ||= text !== '';
    this.#held += text.length;
    yield* this.#records(false);
  }

  /** The rest. Throws CATALOG_BAD_PACKAGE when the text ended inside a record. */
  *close(): Generator<DocumentText> {
    yield* this.#records(true);
    if (this.#join().trim() === '') return;
    throw new CatalogError('CATALOG_BAD_PACKAGE', `The export package ends inside record ${this.#count + 1}.`);
  }

  *#records(isAll: boolean): Generator<DocumentText> {
    for (;;) {
      const large = this.#large && this.#takeLarge(this.#large, isAll);
      if (this.#large) return;
      if (large !== undefined) {
        yield large;
        this.#beginNext(this.#join());
        continue;
      }
      const wanted = this.#wanted();
      if (!wanted) return;
      const { start, end } = wanted;
      const isAllowed = end - start <= this.#maxCharacters;
      if (isAllowed && end - start >= largeDocumentCharacters && !this.#isMistrusted) {
        this.#beginLarge(start, end);
        continue;
      }
      if (isAllowed && !isAll && this.#held < end + updateBounds.maxRecordHead) return;
      if (this.#held < this.#searchAt && !isAll) return;
      const whole = this.#join();
      const found = isAllowed && isEndOfRecord(whole, end) ? end : this.#searchEnd(whole, start, isAll);
      if (found === undefined) return;
      yield whole.slice(start, found);
      this.#beginNext(whole.slice(found));
    }
  }

  #beginNext(rest: string): void {
    this.#count++;
    this.#searchAt = 0;
    this.#replace(rest.replace(/^[\r\n]+/, ''));
  }

  /** A large record is packed as it comes: held whole, it is copied with every look at it. */
  #beginLarge(start: number, end: number): void {
    const whole = this.#join();
    this.#large = { head: whole.slice(0, start), text: new DocumentTextBuilder(), left: end - start };
    this.#replace(whole.slice(start));
  }

  /**
   * The record once it is complete. Undefined with `#large` still there while it is not, without it when its length
   * lied.
   */
  #takeLarge(large: LargeRecord, isAll: boolean): DocumentText | undefined {
    const held = this.#join();
    const taken = held.slice(0, large.left);
    large.text.put(taken);
    large.left -= taken.length;
    this.#replace(held.slice(taken.length));
    if (!isAll && (large.left > 0 || this.#held < updateBounds.maxRecordHead)) return undefined;
    this.#large = undefined;
    const text = large.text.take();
    if (large.left === 0 && isEndOfRecord(this.#join(), 0)) return text;
    // From here on no length is believed so far: else each lie costs a look at all that follows.
    this.#isMistrusted = true;
    this.#replace(large.head + [...text].join('') + this.#join());
    return undefined;
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
export function writeExportRecord(identity: UpdateIdentity, xml: string): string {
  return `${writeExportHead(identity, xml.length)}${xml}\r\n`;
}

/** Writes the head of a record, whose document has so many UTF-16 code units. A line end follows the document. */
export function writeExportHead({ updateId, revisionNumber }: UpdateIdentity, length: number): string {
  return `${updateId},${hex(revisionNumber)},${hex(length)},`;
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
