// moult policy: the update policy as files, made and read.
import { randomUUID } from 'node:crypto';
import {
  type ExportedFile,
  exportPolicy,
  type PolicyFormat,
  policyFormats,
  trustSettings,
} from '@moult/administration/policy';
import { serverUrl } from '@moult/agent';
import { FolderTree } from '@moult/disk';
import { jsonText, visibleText } from '@moult/formats/text';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readNamedFile } from '../files/named-file.ts';
import { policyFileOf } from '../policy/backup-folder.ts';
import { readPolicyFile } from '../policy/read-file.ts';
import { exitCode, UsageError } from '../terminal.ts';

interface ExportFlags {
  server: string;
  group?: string;
  format: PolicyFormat;
  out?: string;
  undo?: boolean;
  trust?: string[];
}

export function register(program: Command): void {
  const policy = program.command('policy').description('write and read files of the update policy');
  policy
    .command('export')
    .description('write a policy file that points clients at a server')
    .requiredOption('--server <url>', 'update server, as http://host:8530', asServerUrl)
    .option('--group <names>', 'target group. Several groups: with a semicolon between them')
    .addOption(new Option('--format <format>', 'what to make').choices(policyFormats).default('reg'))
    .option('--out <dir>', 'folder for the files. Default: standard output, for forms of one file')
    .option('--undo', 'write a file that removes the policy (reg, pol, gpo, ps1)')
    .option(
      '--trust <files...>',
      'also accept updates that the operator signed: its certificates, as operator-ca.cer.pem and operator-signing.cer.pem',
    )
    .action(exportFiles);
  policy
    .command('read')
    .description(
      'show the values of a Registry.pol, a .reg file, a backup of Group Policy or a profile, and their faults',
    )
    .argument('<file>')
    .option('--json', 'print one JSON document')
    .action(readFile);
}

function exportFiles({ server, group, format, out, undo = false, trust: named = [] }: ExportFlags): void {
  if (undo && (format === 'admx' || format === 'intune')) {
    throw new UsageError(`--undo makes nothing for ${format}: take the policy away where you assigned it`);
  }
  if (named.length > 0 && (format === 'admx' || format === 'intune'))
    throw new UsageError(`--trust makes nothing for ${format}: use --format reg, pol, gpo or ps1.`);
  const trust = trustSettings(named.map((name) => ({ name, bytes: readNamedFile(name) })));
  const options = { isUndo: undo, now: new Date(), newGuid: randomUUID, trust };
  const files = exportPolicy(format, { server, group }, options);
  if (format === 'intune' && group !== undefined) {
    console.error('note: device management has no node for the group. Bring TargetGroup by --format ps1 or reg.');
  }
  if (out !== undefined) {
    writeFiles(out, files);
    return;
  }
  const [only, ...others] = files;
  if (!only || others.length > 0)
    throw new UsageError(`--format ${format} is several files: name a folder with --out DIR`);
  process.stdout.write(only.bytes);
}

function writeFiles(folder: string, files: readonly ExportedFile[]): void {
  const tree = new FolderTree(folder);
  try {
    for (const { name, bytes } of files) console.log(tree.write(name, bytes));
  } finally {
    tree.close();
  }
}

function readFile(file: string, { json = false }: { json?: boolean }): void {
  const named = policyFileOf(file);
  const values = readPolicyFile(readNamedFile(named, { maxBytes: 64 * 1024 * 1024 }), named);
  if (json) console.log(jsonText({ values }));
  else {
    for (const { key, name, type, data, fault } of values) {
      const path = [key, name].filter((part) => part !== '').join('\\');
      const said = [path, type, String(data), fault === '' ? '' : `WRONG: ${fault}`].filter((part) => part !== '');
      console.log(visibleText(said.join('  ')));
    }
  }
  process.exitCode = values.some(({ fault }) => fault !== '') ? exitCode.findings : exitCode.fine;
}

function asServerUrl(written: string): string {
  try {
    return serverUrl(written);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
