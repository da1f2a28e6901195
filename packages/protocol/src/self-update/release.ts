// release.json, the first member of wuaucomp.cab: the name of the release and the digests of its files.
import { releaseFileBounds } from '../bounds.ts';
import { ProtocolError } from '../errors.ts';
import { type Brand, parseBrand } from './brand.ts';
import type { Generation } from './ident.ts';
import { isVersion } from './version.ts';

export const releaseFileName = 'release.json';

export interface ReleaseFile {
  /** Path inside the version folder, `/` between folders. */
  name: string;
  sizeBytes: number;
  /** Lower-case hexadecimal. */
  sha256: string;
}

export interface Release {
  product: string;
  generation: Generation;
  /** Comes before the version in every comparison, so that no version is the last. Absent means 0. */
  epoch?: number;
  version: string;
  /** Whose agent it is. Absent: this project's. */
  brand?: Brand;
  /** The file to run: one of `files`. */
  entry: string;
  files: ReleaseFile[];
}

/** In release.json and in trust metadata alike. */
const maxEpoch = 999_999_999;

/** Reads release.json. Throws PROTOCOL_RELEASE_MALFORMED for anything that is not exactly a release. */
export function parseRelease(json: string): Release {
  if (json.length > releaseFileBounds.maxJsonLength)
    throw malformed(`it is longer than ${releaseFileBounds.maxJsonLength} characters`);
  const value = requireRecord(readJson(json), 'the document');
  const files = requireFiles(value.files);
  const release: Release = {
    product: requireText(value.product, 'product', /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/),
    generation: requireGeneration(value.generation),
    ...requireEpoch(value.epoch),
    version: requireText(value.version, 'version', /^[\d.]{7,23}$/),
    ...(value.brand === undefined ? {} : { brand: parseBrand(value.brand) }),
    entry: requireText(value.entry, 'entry', /^.{1,240}$/),
    files,
  };
  if (!isVersion(release.version)) throw malformed('version must have four parts');
  if (!files.some((file) => file.name === release.entry)) throw malformed('entry is not one of its files');
  const icon = release.brand?.icon;
  if (icon !== undefined && !files.some((file) => file.name === icon))
    throw malformed('its icon is not one of its files');
  return release;
}

/** The bytes of release.json: same release, same text. */
export function encodeRelease(release: Release): string {
  const { product, generation, epoch = 0, version, brand, entry, files } = release;
  const listed = files.map(({ name, sizeBytes, sha256 }) => ({ name, sizeBytes, sha256 }));
  // Epoch 0 is not written: releases of before keep their bytes.
  const numbers = { ...(epoch === 0 ? {} : { epoch }), version };
  return `${JSON.stringify({ product, generation, ...numbers, brand, entry, files: listed }, undefined, 2)}\n`;
}

function readJson(json: string): unknown {
  try {
    return JSON.parse(json.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw malformed('it is not JSON', cause);
  }
}

function requireFiles(value: unknown): ReleaseFile[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > releaseFileBounds.maxFiles) {
    throw malformed(`files must list 1 to ${releaseFileBounds.maxFiles} files`);
  }
  const files = value.map(requireFile);
  // Windows and macOS write two such files over one another.
  const distinct = new Set(files.map((file) => file.name.toLowerCase()));
  if (distinct.size !== files.length) throw malformed('two files have the same name');
  if (distinct.has(releaseFileName)) throw malformed(`${releaseFileName} must not list itself`);
  return files;
}

function requireFile(value: unknown): ReleaseFile {
  const file = requireRecord(value, 'an entry of files');
  const name = requireText(file.name, 'file name', /^.{1,240}$/);
  if (!name.split('/').every(isPlainName)) throw malformed(`the file name ${JSON.stringify(name)} is not safe`);
  const { sizeBytes } = file;
  if (
    typeof sizeBytes !== 'number' ||
    !Number.isSafeInteger(sizeBytes) ||
    sizeBytes < 0 ||
    sizeBytes > releaseFileBounds.maxFileBytes
  ) {
    throw malformed(`sizeBytes of ${name} is not a size`);
  }
  return { name, sizeBytes, sha256: requireText(file.sha256, `sha256 of ${name}`, /^[0-9a-f]{64}$/) };
}

// Also on Windows: no drive, no stream, no device, no trailing dot or blank.
function isPlainName(segment: string): boolean {
  return (
    /^[A-Za-z0-9_][A-Za-z0-9._ +@-]*$/.test(segment) &&
    !/[. ]$/.test(segment) &&
    !/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(segment)
  );
}

function requireGeneration(value: unknown): Generation {
  if (value !== 'sus' && value !== 'wsus') throw malformed('generation must be sus or wsus');
  return value;
}

function requireEpoch(value: unknown): { epoch?: number } {
  if (value === undefined || value === 0) return {};
  if (Number.isSafeInteger(value) && Number(value) > 0 && Number(value) <= maxEpoch) return { epoch: Number(value) };
  throw malformed(`epoch must be a whole number from 0 to ${maxEpoch}`);
}

function requireRecord(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(`${what} is not an object`);
  return { ...value };
}

function requireText(value: unknown, what: string, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw malformed(`${what} is missing or not allowed`);
  return value;
}

function malformed(why: string, cause?: unknown): ProtocolError {
  return new ProtocolError('PROTOCOL_RELEASE_MALFORMED', `${releaseFileName} cannot be used: ${why}.`, { cause });
}
