// Cabinets with update metadata: WSUS export packages (metadata.txt), offline scan files (nested cabinets of
// fragments), .msu files (such a file inside), or XML files.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { offlineMember } from '@moult/catalog';
import { temporaryFolder } from '@moult/disk';
import { byPlace, type Cabinet, type CabinetMember, MemberReader, readCabinetFrom } from '@moult/formats/cab';
import { packageLimits } from './bounds.ts';
import { openFileSource } from './file-source.ts';
import { type FoundDocument, refusalOf } from './found-document.ts';
import { isNestedPackage } from './package-cabinet.ts';
import { readOfflineScan, spool } from './read-offline-scan.ts';
import { isOfVendor, readText } from './read-text.ts';

/** The documents in the cabinet file at `path`. Never throws for bad input. */
export function readCabinetFile(name: string, path: string): AsyncGenerator<FoundDocument> {
  return readOpened(name, path, true);
}

/** Inside of an .msu no other one is looked for: a chain of them has no end. */
async function* readOpened(name: string, path: string, mayBeMsu: boolean): AsyncGenerator<FoundDocument> {
  const file = openFileSource(path);
  try {
    const cabinet = readCabinetFrom(file, { limits: packageLimits });
    const scan = mayBeMsu ? cabinet.members.find((member) => /(^|[\\/])wsusscan\.cab$/i.test(member.name)) : undefined;
    const records = cabinet.members.find((member) => /(^|[\\/])metadata\.txt$/i.test(member.name));
    if (scan) yield* readMsu(`${name}/${scan.name}`, new MemberReader(cabinet).read(scan));
    else if (records) yield* readText(`${name}/metadata.txt`, new MemberReader(cabinet).read(records));
    else if (cabinet.members.some(isOfScan)) yield* readOfflineScan(name, cabinet);
    else yield* readMembers(name, cabinet);
  } catch (error) {
    yield refusalOf(name, error);
  } finally {
    file.close();
  }
}

function isOfScan({ name }: CabinetMember): boolean {
  return isNestedPackage(name) || offlineMember(name) !== undefined;
}

async function* readMsu(name: string, pieces: Iterable<Uint8Array>): AsyncGenerator<FoundDocument> {
  const folder = temporaryFolder('moult-msu');
  try {
    const path = join(folder, 'wsusscan.cab');
    spool(pieces, path);
    yield* readOpened(name, path, false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function* readMembers(name: string, cabinet: Cabinet): AsyncGenerator<FoundDocument> {
  const reader = new MemberReader(cabinet);
  const members: CabinetMember[] = cabinet.members.filter((member) => /\.xml$/i.test(member.name));
  if (members.length === 0) {
    if (cabinet.members.some(({ name: one }) => /\.sdp$/i.test(one))) throw isOfVendor(name);
    yield {
      name,
      refused: {
        code: 'CATALOG_BAD_PACKAGE',
        message: `${name} holds neither metadata.txt, package cabinets nor XML files.`,
      },
    };
  }
  for (const member of members.sort(byPlace)) yield* readText(`${name}/${member.name}`, reader.read(member));
}
