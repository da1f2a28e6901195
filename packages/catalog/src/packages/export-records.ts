// metadata.txt of a WSUS export package: one record per update, `GUID,revision,length,xml` CR LF, the two numbers as
// eight lower-case hexadecimal digits. Read by length, not by line: the XML may hold line breaks.
import { CatalogError } from '../errors.ts';
import type { UpdateIdentity } from '../ids.ts';

/** Whether text that begins so is a run of export records. */
export function looksLikeExportRecords(start: string): boolean {
  return head.test(start.replace(/^\uFEFF/, ''));
}

const head = /^\s*([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}),([0-9a-f]{1,8}),([0-9a-f]{1,8}),/i;
const longestHead = 128;

/** Takes the text in pieces, of any length, and gives each record's XML when it is complete. */
export class ExportRecordReader {
  readonly #maxCharacters: number;
  readonly #pieces: string[] = [];
  #held = 0;
  #count = 0;

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
  }

  /** Throws CATALOG_BAD_PACKAGE where no record begins, CATALOG_OVER_LIMIT for one that claims more than allowed. */
  *write(text: string): Generator<string> {
    this.#pieces.push(this.#count === 0 && this.#held === 0 ? text.replace(/^\uFEFF/, '') : text);
    this.#held += text.length;
    let wanted = this.#wanted();
    while (wanted !== undefined && this.#held >= wanted.end) {
      const whole = this.#join();
      yield whole.slice(wanted.start, wanted.end);
      this.#count++;
      this.#replace(whole.slice(wanted.end).replace(/^[\r\n]+/, ''));
      wanted = this.#wanted();
    }
  }

  /** Throws CATALOG_BAD_PACKAGE when the text ended inside a record. */
  close(): void {
    const rest = this.#join();
    if (rest.trim() === '') return;
    throw new CatalogError('CATALOG_BAD_PACKAGE', `The export package ends inside record ${this.#count + 1}.`);
  }

  #wanted(): { start: number; end: number } | undefined {
    const first = this.#pieces[0] ?? '';
    const text = first.length >= longestHead || this.#pieces.length === 1 ? first : this.#join();
    const match = head.exec(text);
    if (!match) {
      if (text.length < longestHead) return undefined;
      throw new CatalogError(
        'CATALOG_BAD_PACKAGE',
        `Record ${this.#count + 1} does not begin with GUID,revision,length.`,
      );
    }
    const length = Number.parseInt(match[3] ?? '', 16);
    if (length > this.#maxCharacters) {
      throw new CatalogError('CATALOG_OVER_LIMIT', `Record ${this.#count + 1} claims ${length} characters.`);
    }
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
