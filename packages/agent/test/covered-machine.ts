// What tests of covered releases ask of a machine, and what they have a server offer.
import { existsSync, readFileSync } from 'node:fs';
import { type SigningIdentity, signFile } from '@moult/formats/authenticode';
import { createCabinet, extractAll, readCabinet } from '@moult/formats/cab';
import { composeIdent, encodeIdent, identPurpose, releasePurpose } from '@moult/protocol/self-update';
import type { Repository } from '@moult/releases/repository';
import type { MachineRoot } from '../src/machine/machine-root.ts';
import { readStatus } from '../src/read-status.ts';
import type { WsusLab } from './wsus-lab.ts';

/** The same release, with its files stored as they are: what deltas can be made for. */
export function storedCabinet(cabinet: Uint8Array): Buffer {
  const modified = new Date('2020-01-01T00:00:00Z');
  const members = [...extractAll(readCabinet(cabinet))].map(([name, bytes]) => ({ name, bytes, modified }));
  return Buffer.from(createCabinet(members, { compression: 'none' }));
}

export function publish(repository: Repository): void {
  repository.signWithOwnKeys();
  repository.publish(new Date());
}

export const versionOf = (root: MachineRoot) => readStatus(root).version;
export const logOf = (root: MachineRoot) => readFileSync(root.wsusLog, 'utf8');

/** The events of id 182 that the machine has written, each as one line. */
export function refusals(root: MachineRoot): string[] {
  if (!existsSync(root.reportingEventsLog)) return [];
  const lines = readFileSync(root.reportingEventsLog, 'utf16le').split('\r\n');
  return lines.filter((line) => line.split('\t')[3]?.startsWith('182 '));
}

/** What somebody with the signing certificate of the tree, and no key of the metadata, can do. */
export async function offerByTree(
  { lab, signer }: { lab: WsusLab; signer: SigningIdentity },
  version: string,
  release: Uint8Array = Buffer.of(),
): Promise<void> {
  const now = new Date();
  const text = encodeIdent(composeIdent('wsus', { product: 'moult-agent', version }));
  const cabinet = createCabinet([{ name: 'wuident.txt', bytes: Buffer.from(text), modified: now }]);
  const ident = await signFile(cabinet, signer, { now, description: identPurpose('wuident') });
  const signed =
    release.length > 10 ? await signFile(release, signer, { now, description: releasePurpose(version) }) : release;
  const before = lab.intercept;
  lab.intercept = (what, body) => {
    const type = 'application/octet-stream';
    if (/wuident/.test(what)) return { status: 200, type, body: ident };
    if (/wuaucomp/.test(what)) return { status: 200, type, body: signed };
    return before?.(what, body);
  };
}
