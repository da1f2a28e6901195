// Reads whatever logs somebody sends: finds out per file (and, outside W3C, per line) what it is, and gathers facts.
// Nothing in a log is executed or fetched. Memory is bounded: W3C lines are tallied, client lines become stories.

import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { requireFile } from '@moult/disk';
import { clientLogBounds } from '../bounds.ts';
import { parseUrlLog } from '../client-log/urllog.ts';
import { DoctorError } from '../errors.ts';
import { W3cReader } from '../http-log/w3c.ts';
import { readerOf } from '../story/readers.ts';
import { lineChunks, readHead } from '../text/chunks.ts';
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
    try {
      const read = await readOne(path, facts, (bytes) => {
        readBytes += bytes;
        progress(start + readBytes, totalBytes, path);
      });
      facts.files.push({ path, sizeBytes, ...read });
    } catch (error) {
      if (!(error instanceof DoctorError)) throw error;
      facts.unreadable.push({ path, why: error.message });
    }
    doneBytes = start + sizeBytes;
  }
  return facts;
}

async function readOne(
  path: string,
  facts: LogFacts,
  progress: (bytes: number) => void,
): Promise<{ kind: FileKind; lines: number; title?: string }> {
  const head = await readHead(path);
  const reader = readerOf({ path, bytes: head, text: decodeText(head) });
  if (reader) return { kind: 'known', title: reader.title, lines: await readKnown(reader, path, facts, progress) };
  if (head.subarray(0, 4).toString('latin1') === 'PK\u0003\u0004')
    throw new DoctorError(
      'CLI_DOCTOR_INPUT_UNREADABLE',
      `${path}: a zip archive; unpack it first (gzip is read as it is)`,
    );
  const kind = sniffKind(path, head);
  if (kind === 'registry') facts.registryFiles.push(path);
  if (kind === 'w3c') return { kind, lines: await readW3c(path, facts, progress) };
  if (kind === 'pings') return { kind, lines: await readPings(path, facts) };
  if (kind === 'client') return { kind, lines: await readMixed(path, head, facts, progress) };
  return { kind, lines: 0 };
}

function sniffKind(path: string, head: Buffer): FileKind {
  if (head.length === 0) return 'empty';
  const text = decodeText(head);
  if (/^\uFEFF?\s*(Windows Registry Editor|REGEDIT4)/.test(text)) return 'registry';
  if (/^urllog/i.test(basename(path))) return 'pings';
  if (/^#(Software|Version|Fields|Date):/m.test(text.slice(0, 4096))) return 'w3c';
  // A crash leaves zeros where a log's last lines were to be; they say nothing of what stands beside.
  const sample = text.replaceAll('\0', '').slice(0, 4096);
  const controls = [...sample].filter((letter) => letter < ' ' && !'\t\r\n\f\u001a'.includes(letter)).length;
  if (sample === '' || controls > sample.length * 0.05) return 'binary';
  return 'client';
}

async function readW3c(path: string, facts: LogFacts, progress: (bytes: number) => void): Promise<number> {
  const reader = new W3cReader(path, facts.tally);
  try {
    for await (const chunk of lineChunks(path, progress)) reader.read(chunk);
  } finally {
    reader.end();
  }
  return reader.lines;
}

async function readPings(path: string, facts: LogFacts): Promise<number> {
  let text = '';
  for await (const chunk of lineChunks(path, () => {})) {
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
  path: string,
  head: Buffer,
  facts: LogFacts,
  progress: (bytes: number) => void,
): Promise<number> {
  const reader = new MixedLogReader(path, clientNameOf(path), orderOf(decodeText(head).split(/\r?\n/)), facts);
  for await (const chunk of lineChunks(path, progress)) reader.read(chunk);
  reader.end();
  return reader.lines;
}

/** In a folder only what is named as logs are named; a file given by name is always read. */
function looksLikeLog(path: string): boolean {
  const name = basename(path);
  return /\.(log|txt|old|bak|reg|gz|etl\.txt|elff|w3c|\d+)$/i.test(name) || /^(urllog\.dat|[\w -]*log)$/i.test(name);
}

/** A folder may hold no log; a pipe or a device that was named is said to be one. */
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
