// Reads whatever logs somebody sends: finds out per file (and, outside W3C, per line) what it is, and gathers facts.
// Nothing in a log is executed or fetched. Memory is bounded: W3C lines are tallied, client lines become stories.

import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { requireFile } from '@moult/disk';
import { clientLogBounds } from '../bounds.ts';
import { parseUrlLog } from '../client-log/urllog.ts';
import { DoctorError } from '../errors.ts';
import { W3cReader } from '../http-log/w3c.ts';
import { containerOf, isArchive } from '../readers/containers/index.ts';
import { isTrace, refuseTrace } from '../readers/containers/trace.ts';
import { readerOf } from '../story/readers.ts';
import { lineChunks, pathOf, readHead, type TextFile } from '../text/chunks.ts';
import { decodeText } from '../text/encoding.ts';
import { orderOf } from '../text/stamp.ts';
import { clientNameOf } from './client-name.ts';
import { emptyFacts, type FileKind, type LogFacts } from './facts.ts';
import { MixedLogReader } from './mixed-log.ts';
import { readKnown } from './read-known.ts';

export type LogProgress = (readBytes: number, totalBytes: number, file: string) => void;

/** Reads files and folders (recursively). Throws DoctorError when a name does not exist or nothing is there. */
export async function readLogs(paths: readonly string[], progress: LogProgress): Promise<LogFacts> {
  const files = paths.flatMap((path) => listFiles(path));
  if (files.length === 0) throw new DoctorError('CLI_DOCTOR_NOTHING_TO_READ', `no file in ${paths.join(', ')}`);
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const facts = emptyFacts();
  let doneBytes = 0;
  for (const { path, sizeBytes } of files) {
    const start = doneBytes;
    let readBytes = 0;
    await readFile({ file: path, sizeBytes }, facts, (bytes) => {
      readBytes += bytes;
      progress(start + readBytes, totalBytes, path);
    });
    doneBytes = start + sizeBytes;
  }
  return facts;
}

/** One file, or each one in an archive. An unreadable log is noted, and the others are read. */
async function readFile(
  { file, sizeBytes }: { file: TextFile; sizeBytes: number },
  facts: LogFacts,
  progress: (bytes: number) => void,
): Promise<void> {
  const path = pathOf(file);
  try {
    const container = typeof file === 'string' ? await containerOf(file, looksLikeLog) : undefined;
    if (!container) {
      facts.files.push({ path, sizeBytes, ...(await readOne(file, facts, progress)) });
      return;
    }
    try {
      facts.unreadable.push(...container.left);
      for (const member of container.members)
        await readFile({ file: member, sizeBytes: member.sizeBytes }, facts, progress);
    } finally {
      container.close();
    }
  } catch (error) {
    if (!(error instanceof DoctorError)) throw error;
    facts.unreadable.push({ path, why: error.message });
  }
}

async function readOne(
  file: TextFile,
  facts: LogFacts,
  progress: (bytes: number) => void,
): Promise<{ kind: FileKind; lines: number; title?: string }> {
  const path = pathOf(file);
  const head = await readHead(file);
  if (isTrace(path, head)) throw new DoctorError('CLI_DOCTOR_INPUT_UNREADABLE', refuseTrace(path));
  if (isArchive(head))
    throw new DoctorError('CLI_DOCTOR_INPUT_UNREADABLE', `${path}: an archive inside an archive; unpack it first`);
  const reader = readerOf({ path, bytes: head, text: decodeText(head) });
  if (reader) return { kind: 'known', title: reader.title, lines: await readKnown(reader, file, facts, progress) };
  const kind = sniffKind(path, head);
  if (kind === 'registry') facts.registryFiles.push(path);
  if (kind === 'w3c') return { kind, lines: await readW3c(file, facts, progress) };
  if (kind === 'pings') return { kind, lines: await readPings(file, facts) };
  if (kind === 'client') return { kind, lines: await readMixed(file, head, facts, progress) };
  return { kind, lines: 0 };
}

function sniffKind(path: string, head: Buffer): FileKind {
  if (head.length === 0) return 'empty';
  const text = decodeText(head);
  if (/^\uFEFF?\s*(Windows Registry Editor|REGEDIT4)/.test(text)) return 'registry';
  if (/^urllog/i.test(basename(path))) return 'pings';
  if (/^#(Software|Version|Fields|Date):/m.test(text.slice(0, 4096))) return 'w3c';
  // A crash leaves zeros in place of a log's last lines. They say nothing about their neighbours.
  const sample = text.replaceAll('\0', '').slice(0, 4096);
  const controls = [...sample].filter((letter) => letter < ' ' && !'\t\r\n\f\u001a'.includes(letter)).length;
  if (sample === '' || controls > sample.length * 0.05) return 'binary';
  return 'client';
}

async function readW3c(file: TextFile, facts: LogFacts, progress: (bytes: number) => void): Promise<number> {
  const reader = new W3cReader(pathOf(file), facts.tally);
  try {
    for await (const chunk of lineChunks(file, progress)) reader.read(chunk);
  } finally {
    reader.end();
  }
  return reader.lines;
}

async function readPings(file: TextFile, facts: LogFacts): Promise<number> {
  const path = pathOf(file);
  let text = '';
  for await (const chunk of lineChunks(file, () => {})) {
    text += decodeText(chunk);
    if (text.length > clientLogBounds.maxUrlLogBytes) {
      facts.cutPings.push(path);
      break;
    }
  }
  const pings = parseUrlLog(text, path);
  facts.unsent.push(...pings);
  return pings.length;
}

async function readMixed(
  file: TextFile,
  head: Buffer,
  facts: LogFacts,
  progress: (bytes: number) => void,
): Promise<number> {
  const path = pathOf(file);
  const reader = new MixedLogReader(path, clientNameOf(path), orderOf(decodeText(head).split(/\r?\n/)), facts);
  for await (const chunk of lineChunks(file, progress)) reader.read(chunk);
  reader.end();
  return reader.lines;
}

/** In a folder only what is named as logs are named. A file given by name is always read. */
function looksLikeLog(path: string): boolean {
  const name = basename(path);
  return (
    /\.(log|lo_|txt|old|bak|reg|gz|elff|w3c|evtx|xml|csv|tsv|zip|cab|etl|pol|html?|\d+)$/i.test(name) ||
    /^(urllog\.dat|[\w -]*log)$/i.test(name)
  );
}

/** A folder may hold no log. A pipe or a device that was named is said to be one. */
function requireFolder(path: string): void {
  if (statSync(path).isDirectory()) return;
  try {
    requireFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DoctorError('CLI_DOCTOR_INPUT_UNREADABLE', why, { cause });
  }
}

function listFiles(path: string): { path: string; sizeBytes: number }[] {
  if (!existsSync(path)) throw new DoctorError('CLI_DOCTOR_INPUT_UNREADABLE', `${path}: no such file or folder`);
  const found: { path: string; sizeBytes: number }[] = [];
  const walk = (current: string, depth: number): void => {
    const stat = depth === 0 ? statSync(current) : lstatSync(current);
    if (stat.isFile() && (depth === 0 || looksLikeLog(current))) found.push({ path: current, sizeBytes: stat.size });
    else if (stat.isDirectory() && depth < 12) {
      for (const name of readdirSync(current).sort()) walk(join(current, name), depth + 1);
    }
  };
  walk(path, 0);
  if (found.length === 0) requireFolder(path);
  return found;
}
