// The file that defines a service (a unit, a property list): looked at without following links, written whole or not at all, and
// never over the text of somebody else.
import { lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isThere, readOwnFile, removeFileWhenFree, renameWhenFree } from '@moult/disk';
import { hresult } from '@moult/protocol/hresult';
import { programBounds } from '../bounds.ts';
import { AgentError } from '../errors.ts';
import { writeFileAtomically } from '../machine/atomic-file.ts';
import { onDisk } from '../machine/disk-error.ts';
import { type Authorship, authorOf } from './seal.ts';

type Definition =
  | { kind: 'absent' }
  /** `text`: as it is on the disk. */
  | { kind: Authorship; text: string }
  /** A link, as an administrator makes one to switch a service off for good (`/dev/null`), or a folder. */
  | { kind: 'not-a-file'; target: string };

/** The definition, or the other thing in its place. Throws the errors of the disk. */
export function readDefinition(file: string): Definition {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (!found) return { kind: 'absent' };
  if (found.isSymbolicLink()) return { kind: 'not-a-file', target: readlinkSync(file) };
  if (!found.isFile() || found.size > programBounds.maxDefinitionBytes) return { kind: 'not-a-file', target: file };
  const text =
    readOwnFile(file, { maxBytes: programBounds.maxDefinitionBytes, followLink: false })?.toString('utf8') ?? '';
  return { kind: authorOf(text), text };
}

/**
 * Writes the definition. Answers the copy of a text that somebody had changed, and whether anything was written. Throws AgentError
 * AGENT_SERVICE_FOREIGN for a definition that the agent did not write, unless `force`, and AGENT_HOST_DISK.
 */
export function writeDefinition(
  file: string,
  text: string,
  { force, stamp }: { force: boolean; stamp: string },
): { written: boolean; copy: string | undefined } {
  const found = readDefinition(file);
  if (found.kind === 'not-a-file') throw notAFile(file, found.target);
  if (found.kind === 'foreign' && !force) throw foreign(file);
  if (found.kind !== 'absent' && found.text === text) return { written: false, copy: undefined };
  return onDisk(dirname(file), () => {
    const copy = found.kind === 'changed' || found.kind === 'foreign' ? `${file}.before-${stamp}` : undefined;
    // The copy first: whatever happens in between, the text of the administrator is there.
    if (copy !== undefined && found.kind !== 'absent') writeFileAtomically(copy, found.text);
    writeFileAtomically(file, text, 0o644);
    return { written: true, copy };
  });
}

/** Removes the definition that the agent wrote. Answers the copy of one that was changed. Throws as writeDefinition. */
export function removeDefinition(
  file: string,
  { force, stamp }: { force: boolean; stamp: string },
): string | undefined {
  const found = readDefinition(file);
  if (found.kind === 'absent') return undefined;
  if (found.kind === 'not-a-file') throw notAFile(file, found.target);
  if (found.kind === 'foreign' && !force) throw foreign(file);
  return onDisk(dirname(file), () => {
    if (found.kind === 'ours') {
      removeFileWhenFree(file);
      return undefined;
    }
    const copy = `${file}.before-${stamp}`;
    renameWhenFree(file, copy);
    return copy;
  });
}

/** The links to the definition below `folder`, in folders called `*.wants` and `*.requires`: what switches a unit on. */
export function linksTo(folder: string, name: string): string[] {
  return namesIn(folder)
    .filter((one) => /\.(?:wants|requires)$/.test(one))
    .map((one) => join(folder, one, name))
    .filter((link) => lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink());
}

export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/**
 * Throws AgentError AGENT_SERVICE_UNSAFE when a link on the way from `base` to `file` leads out of it: in the tree of another
 * system a link to `/etc` means the other system's, not ours.
 */
export function requireInside(base: string, file: string): void {
  // Nothing is there, and so no link.
  if (!isThere(base)) return;
  let folder = dirname(file);
  while (!lstatSync(folder, { throwIfNoEntry: false }) && folder !== dirname(folder)) folder = dirname(folder);
  const [realBase, real] = [realpathSync.native(base), realpathSync.native(folder)];
  if (real === realBase || real.startsWith(realBase === '/' ? '/' : `${realBase}/`)) return;
  const text = `${file} is not touched: a link on the way leads to ${real}, out of ${base}. Replace the link by a folder.`;
  throw new AgentError('AGENT_SERVICE_UNSAFE', text, { hresult: hresult.accessDenied });
}

function foreign(file: string): AgentError {
  const text =
    `${file} was not written by "moult agent service install". It stays as it is. Remove it, or use --force: ` +
    'then a copy of it stays beside it.';
  return new AgentError('AGENT_SERVICE_FOREIGN', text, { hresult: hresult.setupUnexpected });
}

function notAFile(file: string, target: string): AgentError {
  const why =
    target === '/dev/null'
      ? `${basename(file)} is masked by an administrator. Run "systemctl unmask ${basename(file)}" first.`
      : `${file} is not a file of its own${target === file ? '' : `, but a link to ${target}`}. Remove it first.`;
  return new AgentError('AGENT_SERVICE_FOREIGN', why, { hresult: hresult.setupUnexpected });
}
