// Cabinets with update metadata: WSUS export packages (metadata.txt), offline scan files (nested cabinets of
// fragments), or simply XML files in a cabinet.

import { byPlace, type Cabinet, type CabinetMember, MemberReader, readCabinetFrom } from '@moult/formats/cab';
import { packageLimits } from '../bounds.ts';
import { openFileSource } from './file-source.ts';
import { type FoundDocument, refusalOf } from './found-document.ts';
import { isNestedPackage } from './package-cabinet.ts';
import { readOfflineScan } from './read-offline-scan.ts';
import { readText } from './read-text.ts';

/** The documents in the cabinet file at `path`. Never throws for bad input. */
export async function* readCabinetFile(name: string, path: string): AsyncGenerator<FoundDocument> {
  const file = openFileSource(path);
  try {
    const cabinet = readCabinetFrom(file, { limits: packageLimits });
    const records = cabinet.members.find((member) => /(^|[\\/])metadata\.txt$/i.test(member.name));
    if (records) yield* readText(`${name}/metadata.txt`, new MemberReader(cabinet).read(records));
    else if (cabinet.members.some((member) => isNestedPackage(member.name))) yield* readOfflineScan(name, cabinet);
    else yield* readMembers(name, cabinet);
  } catch (error) {
    yield refusalOf(name, error);
  } finally {
    file.close();
  }
}

async function* readMembers(name: string, cabinet: Cabinet): AsyncGenerator<FoundDocument> {
  const reader = new MemberReader(cabinet);
  const members: CabinetMember[] = cabinet.members.filter((member) => /\.xml$/i.test(member.name));
  if (members.length === 0) {
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
