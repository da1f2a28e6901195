// Cabinets of logs, as Windows' own diagnostics make them. Read with our own reader of cabinets.

import { closeSync, fstatSync, readSync } from 'node:fs';
import { openOutside } from '@moult/disk';
import {
  type ByteSource,
  byPlace,
  type Cabinet,
  type CabinetMember,
  MemberReader,
  readCabinetFrom,
} from '@moult/formats/cab';
import { DoctorError } from '../../errors.ts';
import { readerBounds } from '../../input-bounds.ts';
import type { Container, ContainerLimits } from './member.ts';

/** True where a file begins as a cabinet does. */
export function isCabinet(head: Buffer): boolean {
  return head.toString('latin1', 0, 4) === 'MSCF';
}

/** The members of the cabinet that `wanted` takes. Throws DoctorError CLI_DOCTOR_INPUT_UNREADABLE. */
export function openCabinet(path: string, wanted: (name: string) => boolean, limits: ContainerLimits): Container {
  const file = openOutside(path);
  try {
    const { maxMembers, maxUnpackedBytes: maxTotalBytes } = limits;
    const cabinet = readCabinetFrom(sourceOf(file), {
      limits: { maxMembers, maxTotalBytes, maxRatio: readerBounds.maxRatio },
      damaged: 'keep',
    });
    // In the order of their places, each folder is unpacked once.
    const reader = new MemberReader(cabinet);
    const members = cabinet.members.toSorted(byPlace).filter(({ name }) => wanted(name.replaceAll('\\', '/')));
    return {
      members: members.map((member) => {
        const place = `${path}/${member.name.replaceAll('\\', '/')}`;
        return { path: place, sizeBytes: member.sizeBytes, open: () => unpack(reader, cabinet, member, place) };
      }),
      left: [],
      close: () => closeSync(file),
    };
  } catch (cause) {
    closeSync(file);
    throw unreadable(path, cause);
  }
}

async function* unpack(
  reader: MemberReader,
  cabinet: Cabinet,
  member: CabinetMember,
  place: string,
): AsyncGenerator<Uint8Array> {
  try {
    if (cabinet.fault && member.fault) throw member.fault;
    yield* reader.read(member);
  } catch (cause) {
    throw unreadable(place, cause);
  }
}

function sourceOf(file: number): ByteSource {
  return {
    sizeBytes: fstatSync(file).size,
    read(offset, length) {
      const bytes = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const count = readSync(file, bytes, filled, length - filled, offset + filled);
        if (count === 0) break;
        filled += count;
      }
      return bytes.subarray(0, filled);
    },
  };
}

function unreadable(path: string, cause: unknown): DoctorError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new DoctorError('CLI_DOCTOR_INPUT_UNREADABLE', `${path}: a cabinet that cannot be read: ${why}`, { cause });
}
