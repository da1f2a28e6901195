// moult cab create: files and folders into a new cabinet.

import { type CreateOptions, writeCabinet } from '@moult/formats/cab';
import { counted, jsonText } from '@moult/formats/text';
import { UsageError } from '../terminal.ts';
import { writeCabinetFile } from './cabinet-file.ts';
import { collectMembers } from './new-members.ts';
import { startProgress } from './progress.ts';

export interface CreateCommandOptions {
  json?: true;
  compress: 'none' | 'mszip' | 'lzx';
  folderBytes?: number;
  reserve?: number;
  window?: number;
  level?: number;
}

/** Makes the cabinet `out` of `files` and says so. Throws UsageError and FormatError. Then `out` is missing. */
export async function runCreate(out: string, files: string[], options: CreateCommandOptions): Promise<void> {
  const members = collectMembers(files, out);
  const total = members.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const progress = startProgress(`creating ${out}`, total);
  const watched = members.map((member) => ({
    ...member,
    async *open() {
      for await (const chunk of member.open()) {
        yield chunk;
        progress.add(chunk.length);
      }
    },
  }));
  const sizeBytes = await writeCabinetFile(out, (sink) => writeCabinet(sink, watched, toCreateOptions(options)));
  progress.done();
  if (options.json) console.log(jsonText({ file: out, sizeBytes, members: members.length, unpackedBytes: total }));
  else console.log(`${out}: ${counted(members.length, 'member')}, ${total} bytes packed in ${sizeBytes}`);
}

function toCreateOptions({ compress, folderBytes, reserve, window, level }: CreateCommandOptions): CreateOptions {
  if (level !== undefined && (level < 1 || level > 9)) throw new UsageError('--level is 1 to 9.');
  if (window !== undefined && (window < 15 || window > 21)) throw new UsageError('--window is 15 to 21.');
  if (reserve !== undefined && reserve > 60_000) throw new UsageError('--reserve is at most 60000.');
  return {
    compression: compress,
    ...(folderBytes ? { folderBytes } : {}),
    ...(window ? { windowBits: window } : {}),
    ...(level ? { level } : {}),
    ...(reserve ? { reserve: { header: new Uint8Array(reserve) } } : {}),
  };
}
