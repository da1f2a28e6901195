// From files named on a command line to cabinets: cabinets inside other files are found. The other parts of a spanned
// set are taken from beside the named one. If files were renamed, they are taken from among the other named ones.
import { readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FormatError, fileKind, fileKindBytes } from '@moult/formats';
import {
  type Cabinet,
  type CabinetLimits,
  findCabinets,
  joinCabinets,
  readCabinetFrom,
  sliceSource,
} from '@moult/formats/cab';
import { UsageError } from '../terminal.ts';
import { type FileSource, openFileSource } from './file-source.ts';

interface OpenOptions {
  limits: CabinetLimits;
  legacyEncoding: string;
}

export interface OpenedCabinet {
  /** The file as named, or the first of a set. */
  file: string;
  /** All files of the set, in order. */
  files: string[];
  /** Its beginning in its file. */
  offset: number;
  cabinet: Cabinet;
  /** Names of parts of the set that were not found. */
  missing: string[];
  /** Parts of the set that are there, but damaged or something else. */
  unreadable: UnreadablePart[];
}

interface UnreadablePart {
  file: string;
  error: FormatError;
}

/** The missing parts of a set. */
type Gaps = Pick<OpenedCabinet, 'missing' | 'unreadable'>;

/** The files of one command, opened one after the other. */
export class CabinetFiles {
  readonly #options: OpenOptions;
  readonly #named: readonly string[];
  /** Set number and place in the set → file, of those named. Made when a part is missed. */
  #namedParts: Map<string, string> | undefined;
  readonly #sources = new Map<string, FileSource>();
  readonly #used = new Set<string>();

  constructor(named: readonly string[], options: OpenOptions) {
    this.#named = named;
    this.#options = options;
  }

  /**
   * The cabinets in `file`, one after the other. None when an earlier file's set has it already. Throws FormatError,
   * UsageError.
   */
  *open(file: string): Generator<OpenedCabinet> {
    const source = this.#source(file);
    if (this.#used.has(realpathSync(file))) return;
    let count = 0;
    for (const { offset } of findCabinets(source)) {
      const cabinet = this.#read(source, offset);
      count++;
      yield cabinet.next || cabinet.previous ? this.#openSet(file, offset, cabinet) : alone(file, offset, cabinet);
    }
    if (count > 0) return;
    throw new FormatError('FORMAT_BAD_SIGNATURE_BYTES', `There is no cabinet in the file${otherKind(source)}.`);
  }

  close(): void {
    for (const source of this.#sources.values()) source.close();
    this.#sources.clear();
  }

  #source(file: string): FileSource {
    const known = this.#sources.get(file);
    if (known) return known;
    const source = openFileSource(file);
    this.#sources.set(file, source);
    return source;
  }

  #read(source: FileSource, offset: number): Cabinet {
    return readCabinetFrom(sliceSource(source, offset), { ...this.#options, baseOffset: offset, damaged: 'keep' });
  }

  #openSet(file: string, offset: number, cabinet: Cabinet): OpenedCabinet {
    const parts = [{ file, cabinet }];
    const gaps: Gaps = { missing: [], unreadable: [] };
    this.#follow(parts, -1, gaps);
    parts.reverse();
    this.#follow(parts, 1, gaps);
    for (const part of parts) this.#used.add(realpathSync(part.file));
    const joined = joinCabinets(
      parts.map((part) => part.cabinet),
      this.#options.limits,
      'keep',
    );
    const files = parts.map((part) => part.file);
    return { file: files[0] ?? file, files, offset, cabinet: joined, ...gaps };
  }

  /** Adds neighbours to `parts`, one after the other, as far as they are found. `step` is 1 onwards, -1 backwards. */
  #follow(parts: { file: string; cabinet: Cabinet }[], step: 1 | -1, { missing, unreadable }: Gaps): void {
    for (;;) {
      const last = parts.at(-1);
      const neighbour = step === 1 ? last?.cabinet.next : last?.cabinet.previous;
      if (!last || !neighbour) return;
      const file = findBeside(last.file, neighbour.cabinet) ?? this.#findNamed(last.cabinet, step);
      if (file === undefined || parts.some((part) => realpathSync(part.file) === realpathSync(file))) {
        missing.push(neighbour.cabinet);
        return;
      }
      try {
        parts.push({ file, cabinet: this.#read(this.#source(file), 0) });
      } catch (error) {
        // Members that do not need it can still be had.
        if (!(error instanceof FormatError)) throw error;
        unreadable.push({ file, error });
        return;
      }
    }
  }

  #findNamed({ setId, setIndex }: Cabinet, step: number): string | undefined {
    this.#namedParts ??= new Map(this.#named.flatMap((file) => this.#partKey(file)));
    return this.#namedParts.get(`${setId}/${setIndex + step}`);
  }

  #partKey(file: string): [string, string][] {
    const isOpen = this.#sources.has(file);
    try {
      const { setId, setIndex, previous, next } = this.#read(this.#source(file), 0);
      return previous || next ? [[`${setId}/${setIndex}`, file]] : [];
    } catch (error) {
      if (error instanceof FormatError || error instanceof UsageError) return [];
      throw error;
    } finally {
      if (!isOpen) this.#close(file);
    }
  }

  #close(file: string): void {
    this.#sources.get(file)?.close();
    this.#sources.delete(file);
  }
}

/** The real kind of the file: `: it is a ZIP archive`. Nothing for what is not known. */
function otherKind(source: FileSource): string {
  const kind = fileKind(source.read(0, fileKindBytes));
  return kind === undefined ? '' : `: it is ${kind}`;
}

function alone(file: string, offset: number, cabinet: Cabinet): OpenedCabinet {
  return { file, files: [file], offset, cabinet, missing: [], unreadable: [] };
}

/** A file of that name, in any letter case, in the folder of `from`. Never elsewhere, whatever the cabinet says. */
function findBeside(from: string, name: string): string | undefined {
  const wanted = name.toLowerCase();
  if (basename(name) !== name || name.includes('\\')) return undefined;
  const folder = dirname(from);
  const found =
    readdirSync(folder).find((one) => one === name) ?? readdirSync(folder).find((one) => one.toLowerCase() === wanted);
  return found === undefined ? undefined : join(folder, found);
}
