// moult apply: groups and rules from files under version control.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { applyDocuments } from '@moult/administration/apply';
import { readYaml } from '@moult/catalog/yaml';
import { counted } from '@moult/formats/text';
import type { Command } from 'commander';
import { readNamedFile } from '../files/named-file.ts';
import { listDocument, wholeList } from '../lists.ts';
import { present, table } from '../output.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';
import { UsageError } from '../terminal.ts';

export function register(program: Command): void {
  withServerOptions(program.command('apply').argument('<path>', 'a YAML or JSON file, or a folder of such files'))
    .description('make groups and rules as files say. A second time changes nothing')
    .option('--dry-run', 'show the changes, and change nothing')
    .option('--prune', 'remove rules that no file names')
    .action(apply);
}

interface ApplyFlags extends AdministrationFlags {
  dryRun?: true;
  prune?: true;
}

async function apply(path: string, flags: ApplyFlags): Promise<void> {
  const documents = filesIn(path).flatMap(documentsIn);
  const options = { isDryRun: flags.dryRun === true, isPruning: flags.prune === true };
  const steps = await administer(flags, (administration) => applyDocuments(administration, documents, options));
  present(listDocument(wholeList(steps)), flags, ({ items }) => [
    ...(items.length === 0
      ? []
      : table(
          ['change', 'name', 'to'],
          items.map(({ what, name, says }) => [what, name, says]),
        )),
    options.isDryRun
      ? `${counted(items.length, 'change')} to make. Nothing is changed.`
      : `${counted(items.length, 'change')} made.`,
  ]);
}

/** Of a folder all files that end in .yaml, .yml or .json, by name. */
function filesIn(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => /\.(?:ya?ml|json)$/i.test(name));
  if (names.length === 0) throw new UsageError(`${path} has no .yaml, .yml or .json file.`);
  return names.sort().map((name) => join(path, name));
}

function documentsIn(file: string): unknown[] {
  const read = readYaml(readNamedFile(file).toString('utf8'));
  if ('problem' in read) throw new UsageError(`${file} cannot be read: ${read.problem}`);
  return read.documents;
}
