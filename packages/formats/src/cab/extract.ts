// Unpacking members. A MemberReader passes through each folder once, when members are asked for in their order.
import { FormatError } from '../errors.ts';
import { collisionKey } from '../paths/index.ts';
import { byPlace, type Cabinet, type CabinetMember, isSamePlace } from './cabinet.ts';
import { FolderReader } from './folder-reader.ts';
import { plainName } from './names.ts';

/**
 * One member, unpacked. The name matches in any letter case, with / for \. Throws FORMAT_NOT_FOUND or what decoding
 * throws.
 */
export function extractMember(cabinet: Cabinet, name: string): Uint8Array {
  return collect(new MemberReader(cabinet), findMember(cabinet, name));
}

/**
 * All members by their names as stored, without folders that mean "here" (plainName). Throws FORMAT_UNSAFE_NAME when
 * two names differ only by letter case.
 */
export function extractAll(cabinet: Cabinet): Map<string, Uint8Array> {
  const reader = new MemberReader(cabinet);
  const unpacked = new Map<string, Uint8Array>();
  const seen = new Set<string>();
  for (const member of cabinet.members) {
    const name = plainName(member.name);
    const key = collisionKey(name.split(/[\\/]/));
    if (seen.has(key)) {
      const message = `The cabinet holds ${JSON.stringify(member.name)} twice.`;
      throw new FormatError('FORMAT_UNSAFE_NAME', message, { member: member.name });
    }
    seen.add(key);
    unpacked.set(name, new Uint8Array());
  }
  let before: CabinetMember | undefined;
  for (const member of cabinet.members.toSorted(byPlace)) {
    const same = before && isSamePlace(before, member) ? unpacked.get(plainName(before.name)) : undefined;
    unpacked.set(plainName(member.name), same ? same.slice() : collect(reader, member));
    before = member;
  }
  return unpacked;
}

/** The member of that name, in any letter case. Throws FORMAT_NOT_FOUND. */
function findMember(cabinet: Cabinet, name: string): CabinetMember {
  const wanted = searchKey(name);
  const member = cabinet.members.find((one) => searchKey(one.name) === wanted);
  if (!member)
    throw new FormatError('FORMAT_NOT_FOUND', `The cabinet holds no ${JSON.stringify(name)}.`, { member: name });
  return member;
}

function searchKey(name: string): string {
  return plainName(name).replaceAll('/', '\\').toLowerCase();
}

/**
 * Streams members with one block of memory. Asking in the order of `byPlace` unpacks every folder once. Asking
 * backwards starts its folder again. After an error, members that end before the damage can still be read. If the
 * folder is stored, members behind the damage can be read too.
 */
export class MemberReader {
  readonly #cabinet: Cabinet;
  readonly #failures = new Map<number, { begin: number; end: number; error: FormatError }>();
  #folder = -1;
  #reader: FolderReader | undefined;
  #block: Uint8Array = new Uint8Array();

  constructor(cabinet: Cabinet) {
    this.#cabinet = cabinet;
  }

  /**
   * The member's bytes in pieces. Each may be overwritten once the next is asked for. Throws FormatError naming the
   * member.
   */
  *read(member: CabinetMember): Generator<Uint8Array> {
    const fault = member.fault ?? (member.sizeBytes > 0 ? this.#cabinet.folders[member.folder]?.fault : undefined);
    if (fault) throw withMember(member, fault);
    let at = member.folderOffset;
    const end = at + member.sizeBytes;
    while (at < end) {
      const { block, start } = this.#blockHolding(member, at);
      const piece = block.subarray(at - start, Math.min(block.length, end - start));
      at += piece.length;
      yield piece;
    }
  }

  #blockHolding(member: CabinetMember, at: number): { block: Uint8Array; start: number } {
    if (this.#cabinet.folders[member.folder]?.beginsEarlier) {
      const message = 'Its folder begins in an earlier cabinet of the set, which was not given.';
      throw new FormatError('FORMAT_MISSING_CABINET', message, { member: member.name });
    }
    const failure = this.#failures.get(member.folder);
    if (failure && failure.begin <= at && at < failure.end) throw withMember(member, failure.error);
    try {
      return this.#advance(member.folder, at);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#passDamage(member.folder, error);
      throw withMember(member, error);
    }
  }

  /** Remembers what cannot be had, and goes on behind it where that is possible. */
  #passDamage(folder: number, error: FormatError): void {
    const { begin, end } = this.#reader?.damage ?? { begin: 0, end: Number.POSITIVE_INFINITY };
    this.#failures.set(folder, { begin, end, error });
    this.#block = new Uint8Array();
    if (this.#reader && Number.isFinite(end)) this.#reader.position = end;
    else this.#folder = -1;
  }

  #advance(folder: number, at: number): { block: Uint8Array; start: number } {
    const reader = this.#readerAt(folder, at);
    reader.skipTo(at);
    while (reader.position <= at) {
      const block = reader.next();
      if (!block) throw new FormatError('FORMAT_TRUNCATED', 'The folder ends before the member does.');
      this.#block = block;
    }
    return { block: this.#block, start: reader.position - this.#block.length };
  }

  #readerAt(folder: number, at: number): FolderReader {
    const isAhead = this.#folder === folder && this.#reader && this.#reader.position - this.#block.length <= at;
    if (!isAhead || !this.#reader) {
      const holder = this.#cabinet.folders[folder];
      if (!holder) throw new FormatError('FORMAT_BAD_HEADER', `Folder ${folder} does not exist.`);
      this.#reader = undefined;
      this.#block = new Uint8Array();
      this.#reader = new FolderReader(holder);
      this.#folder = folder;
    }
    return this.#reader;
  }
}

/** Grows with what really comes: a claimed size alone takes no memory. */
function collect(reader: MemberReader, member: CabinetMember): Uint8Array {
  let bytes = new Uint8Array(Math.min(member.sizeBytes, 2 ** 20));
  let at = 0;
  for (const piece of reader.read(member)) {
    if (at + piece.length > bytes.length) {
      const larger = new Uint8Array(Math.min(member.sizeBytes, bytes.length * 2));
      larger.set(bytes);
      bytes = larger;
    }
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function withMember(member: CabinetMember, error: FormatError): FormatError {
  const { code, message, offset, cause } = error;
  return new FormatError(code, message, { offset, member: member.name, cause: cause ?? error });
}
