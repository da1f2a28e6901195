// Makes changes one by one, records the old state first, and undoes the changes.
import { createHash } from 'node:crypto';
import { existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { DoctorError, RequestError } from '../errors.ts';
import { readNamedFile } from '../named-file.ts';
import { applyMode, type Change } from './plan.ts';

interface UndoStep {
  file: string;
  what: string;
  /** Base64 of what the file held. Null where it did not exist. */
  before: string | null;
  modeBefore: number;
  /** SHA-256 of what was put there. Null where the file was taken away. Guards against undoing somebody else's work. */
  after: string | null;
}

interface UndoFile {
  product: 'moult doctor fix';
  at: string;
  steps: UndoStep[];
}

/** Applies `changes`. The undo file is written before the first of them, and is all that is needed to go back. */
export function applyChanges(changes: readonly Change[], undoFile: string, at: Date): void {
  const steps = changes.map(({ file, what, after }) => ({
    file,
    what,
    before: existsSync(file) ? readNamedFile(file).toString('base64') : null,
    modeBefore: existsSync(file) ? statSync(file).mode & 0o777 : 0o600,
    after: after === undefined ? null : digestOf(after),
  }));
  const undo: UndoFile = { product: 'moult doctor fix', at: at.toISOString(), steps };
  if (existsSync(undoFile)) throw new RequestError(`${undoFile} exists already; give another --undo-file`);
  writeFileSync(undoFile, `${JSON.stringify(undo, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
  for (const { file, after, mode } of changes) {
    if (after === undefined) rmSync(file, { force: true });
    else {
      const modeBefore = existsSync(file) ? statSync(file).mode & 0o777 : 0o600;
      replaceFile(file, after, mode ?? modeBefore);
    }
  }
}

/** Undoes the changes of an undo file, last change first. Throws DoctorError CLI_DOCTOR_UNDO_INVALID. */
export function undoChanges(undoFile: string): string[] {
  const { steps } = readUndoFile(undoFile);
  for (const { file, after } of steps) {
    const now = existsSync(file) ? digestOf(readNamedFile(file)) : null;
    if (now !== after)
      throw new DoctorError(
        'CLI_DOCTOR_UNDO_INVALID',
        `${file} was changed since; nothing was undone. What it was is in ${undoFile}.`,
      );
  }
  for (const { file, before, modeBefore } of steps.toReversed()) {
    if (before === null) rmSync(file, { force: true });
    else replaceFile(file, Buffer.from(before, 'base64'), modeBefore);
  }
  return steps.map(({ what }) => what);
}

/** It says which files get which bytes: one that others could have written is not believed. */
function requireOwn(path: string): void {
  const { uid, mode } = statSync(path);
  const user = process.getuid?.();
  if (user === undefined || (uid === user && (mode & 0o022) === 0)) return;
  const text = `${path} belongs to another user, or others can write to it. If you trust it, make a copy of your own: cp ${path} undo.json && chmod 600 undo.json`;
  throw new DoctorError('CLI_DOCTOR_UNDO_INVALID', text);
}

function readUndoFile(path: string): UndoFile {
  const text = readNamedFile(path).toString('utf8');
  requireOwn(path);
  try {
    const value = JSON.parse(text) as Partial<UndoFile>;
    if (value.product === 'moult doctor fix' && Array.isArray(value.steps)) return value as UndoFile;
  } catch (cause) {
    throw new DoctorError('CLI_DOCTOR_UNDO_INVALID', `${path} cannot be read as an undo file`, { cause });
  }
  throw new DoctorError('CLI_DOCTOR_UNDO_INVALID', `${path} is not an undo file of moult doctor fix`);
}

function replaceFile(file: string, bytes: Buffer, mode: number): void {
  const temporary = `${file}.doctor-${process.pid}`;
  writeFileSync(temporary, bytes, { mode });
  applyMode(temporary, mode);
  renameSync(temporary, file);
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
