// moult cab: list, test, extract and create cabinets.

import { defaultCabinetLimits } from '@moult/formats/bounds';
import { counted, jsonText } from '@moult/formats/text';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { commandLimits } from '../bounds.ts';
import type { CreateCommandOptions } from '../cab/create-command.ts';
import { ExtractionTarget } from '../cab/extraction-target.ts';
import { compileGlob } from '../cab/glob.ts';
import { CabinetFiles, type OpenedCabinet } from '../cab/open-cabinets.ts';
import { type Complaint, describeCabinet, printComplaint, printListing, toComplaint } from '../cab/report.ts';
import { extractCabinet, testCabinet, type Unpacked } from '../cab/unpack.ts';
import { exitCode, UsageError } from '../terminal.ts';

interface ReadCommandOptions {
  json?: true;
  encoding: string;
  maxBytes?: number;
  maxRatio?: number;
}

interface ExtractCommandOptions extends ReadCommandOptions {
  to: string;
  only: string[];
}

export function register(program: Command): void {
  const cab = program.command('cab').description('cabinets: list, test, extract, create');
  reading(cab.command('list'), 'list the members of cabinets').action(runList);
  reading(cab.command('test'), 'unpack everything, write nothing').action(runTest);
  reading(cab.command('extract'), 'unpack to a folder. For a spanned set, name its first part')
    .requiredOption('--to <dir>', 'the folder to write to. Moult does not write outside it')
    .option('--only <glob>', 'only members like this. May be repeated', collect, [])
    .action(runExtract);
  cab
    .command('create')
    .description('make a cabinet of files and folders')
    .argument('<out>', 'the cabinet to write')
    .argument('<file...>', 'files, or folders with all they hold')
    .addOption(new Option('--compress <method>', 'how to pack').choices(['none', 'mszip', 'lzx']).default('mszip'))
    .option('--level <1-9>', 'effort of mszip', wholeNumber)
    .option('--window <15-21>', 'LZX window in bits', wholeNumber)
    .option('--folder-bytes <n>', 'begin a new folder after this number of bytes', wholeNumber)
    .option('--reserve <n>', 'bytes to keep free in the header, as for a signature', wholeNumber)
    .option('--json', 'print one JSON document')
    .action(async (out: string, files: string[], options: CreateCommandOptions) => {
      // Loaded only when asked for: reading is what most do, and it should start fast.
      const { runCreate } = await import('../cab/create-command.ts');
      await runCreate(out, files, options);
    });
}

function reading(command: Command, description: string): Command {
  return command
    .description(description)
    .argument('<file...>', 'cabinets, or files that hold some, as self-extracting programs do')
    .option('--encoding <label>', 'code page of names that are not UTF-8', 'windows-1252')
    .option('--max-bytes <n>', 'refuse cabinets that claim more, unpacked [command.cabinet-total-bytes]', wholeNumber)
    .option(
      '--max-ratio <n>',
      'refuse cabinets that claim more than this times their size [cabinet.max-ratio]',
      wholeNumber,
    )
    .option('--json', 'print one JSON document');
}

async function runList(files: string[], options: ReadCommandOptions): Promise<void> {
  const listed: object[] = [];
  const complaints = await forEachCabinet(files, options, async (opened) => {
    if (options.json) listed.push(describeCabinet(opened));
    else printListing(opened);
    return faultsOf(opened.cabinet).map((fault) => toComplaint(opened.file, fault));
  });
  finish(options, { cabinets: listed }, complaints);
}

async function runTest(files: string[], options: ReadCommandOptions): Promise<void> {
  await unpackAll(files, options, (opened) => testCabinet(opened), 'sound');
}

async function runExtract(files: string[], options: ExtractCommandOptions): Promise<void> {
  const globs = options.only.map(compileGlob);
  const isWanted = (name: string) => globs.length === 0 || globs.some((matches) => matches(name));
  const count = await unpackAll(files, options, (opened) => extract(opened, options.to, isWanted), 'extracted');
  if (count === 0 && globs.length > 0 && process.exitCode === undefined) {
    console.error(`moult: no member is like ${options.only.join(', ')}`);
    process.exitCode = exitCode.findings;
  }
}

async function extract(opened: OpenedCabinet, to: string, isWanted: (name: string) => boolean): Promise<Unpacked> {
  const target = new ExtractionTarget(to);
  try {
    return await extractCabinet(opened, target, isWanted);
  } finally {
    target.close();
  }
}

/** Unpacks every cabinet, says what became of it, and answers how many members were fine. */
async function unpackAll(
  files: string[],
  options: ReadCommandOptions,
  unpack: (opened: OpenedCabinet) => Promise<Unpacked>,
  fine: string,
): Promise<number> {
  const results: Unpacked[] = [];
  const complaints = await forEachCabinet(files, options, async (opened) => {
    const result = await unpack(opened);
    results.push(result);
    const bytes = result.members.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (!options.json)
      console.log(`${result.file}: ${counted(result.members.length, 'member')} ${fine}, ${bytes} bytes`);
    return result.complaints;
  });
  const cabinets = results.map(({ file, offset, members, complaints }) => ({
    file,
    offset,
    members,
    failed: complaints.length,
  }));
  finish(options, { cabinets }, complaints);
  return results.reduce((sum, { members }) => sum + members.length, 0);
}

/**
 * Opens what each file holds and hands it over. Answers all complaints, those about files that cannot be opened
 * included.
 */
async function forEachCabinet(
  names: string[],
  options: ReadCommandOptions,
  work: (opened: OpenedCabinet) => Promise<Complaint[]>,
): Promise<Complaint[]> {
  checkEncoding(options.encoding);
  const { maxMembers, maxRatio } = defaultCabinetLimits;
  const limits = {
    maxMembers,
    maxTotalBytes: options.maxBytes ?? commandLimits.cabinetTotalBytes,
    maxRatio: options.maxRatio ?? maxRatio,
  };
  const cabinets = new CabinetFiles(names, { limits, legacyEncoding: options.encoding });
  const complaints: Complaint[] = [];
  for (const name of names) {
    try {
      for (const opened of cabinets.open(name)) {
        if (opened.missing.length > 0) console.error(`moult: ${name}: not beside it: ${opened.missing.join(', ')}`);
        complaints.push(...opened.unreadable.map(({ file, error }) => toComplaint(file, error)));
        complaints.push(...(await work(opened)));
      }
    } catch (error) {
      if (error instanceof UsageError) throw error;
      complaints.push(toComplaint(name, error));
    } finally {
      cabinets.close();
    }
  }
  return complaints;
}

/** The facts of a look at the tables alone. */
function faultsOf({ fault, folders, members }: OpenedCabinet['cabinet']): Error[] {
  return [fault, ...folders.map((folder) => folder.fault), ...members.map((member) => member.fault)].filter(
    (one) => one !== undefined,
  );
}

function finish(options: ReadCommandOptions, answer: object, complaints: Complaint[]): void {
  if (options.json) console.log(jsonText({ ...answer, errors: complaints }));
  else for (const complaint of complaints) printComplaint(complaint);
  if (complaints.length > 0) process.exitCode = exitCode.findings;
}

function checkEncoding(label: string): void {
  try {
    new TextDecoder(label);
  } catch {
    throw new UsageError(`--encoding: ${label} is not known; windows-1252, shift_jis and gbk are, among others.`);
  }
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value <= 0) throw new InvalidArgumentError('It is a whole number above 0.');
  return value;
}
