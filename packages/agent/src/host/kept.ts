// Copies of the two files without which no version can ask anybody for a better one: whom to trust and which server to
// ask. They are made after a good detection. A good copy replaces a damaged or lost file when the host starts.
import { X509Certificate } from 'node:crypto';
import { renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isMissing, readOwnFile, steadily } from '@moult/disk';
import { writeFileAtomically } from '../machine/atomic-file.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { parseRegistryText } from '../machine/registry-text.ts';

interface Kept {
  file: string;
  isWhole(bytes: Buffer): boolean;
}

/** Copies what is whole and has changed. Throws what the disk says. */
export function keepCopies(root: MachineRoot): void {
  for (const one of keptFiles(root)) {
    const bytes = readWhole(one.file, one);
    const copy = copyOf(root, one);
    if (bytes && !readWhole(copy, one)?.equals(bytes)) writeFileAtomically(copy, bytes);
  }
}

/** Puts a copy in the place of each file that is damaged or gone. Answers what was done. Throws what the disk says. */
export function restoreCopies(root: MachineRoot): string[] {
  return keptFiles(root).flatMap((one) => {
    if (readWhole(one.file, one)) return [];
    const bytes = readWhole(copyOf(root, one), one);
    if (!bytes) return [];
    // For whoever wants to know what had become of it.
    setAside(one.file);
    writeFileAtomically(one.file, bytes);
    return [`${one.file} was damaged or gone; the copy of the last good detection takes its place`];
  });
}

function keptFiles({ operatorCertificate, registryFile }: MachineRoot): Kept[] {
  const certificate = {
    file: operatorCertificate,
    isWhole: (bytes: Buffer) => new X509Certificate(bytes).raw.length > 0,
  };
  if (registryFile === undefined) return [certificate];
  return [certificate, { file: registryFile, isWhole: (bytes) => parseRegistryText(bytes).size > 0 }];
}

function copyOf({ keptFolder }: MachineRoot, { file }: Kept): string {
  return join(keptFolder, basename(file));
}

function setAside(file: string): void {
  try {
    renameSync(file, `${file}.damaged-${Date.now()}`);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/**
 * Undefined for a file that is gone, is not whole, or cannot be read, also not a moment later. A copy is older than the
 * file: what only one reading could not have must not cost the settings since.
 */
function readWhole(file: string, { isWhole }: Kept): Buffer | undefined {
  try {
    const bytes = steadily(() => readOwnFile(file));
    return bytes && isWhole(bytes) ? bytes : undefined;
  } catch {
    return undefined;
  }
}
