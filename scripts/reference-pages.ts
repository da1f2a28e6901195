// Makes docs/commands.md and docs/codes.md from the program. They list every command with its options, and every known
// event id and HRESULT, with the finding that explains it. Also makes the list of findings in docs/doctor.md.
//   node scripts/reference-pages.ts          writes them
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { commandExamples } from '../packages/cli/src/command-examples.ts';
import { causeOfEvent } from '../packages/doctor/src/client-log/server-events.ts';
import { causeOf } from '../packages/doctor/src/hresult/cause.ts';
import { errorTable } from '../packages/doctor/src/hresult/error-table.ts';
import { type FindingCode, findingCodes, isFindingCode } from '../packages/doctor/src/words/codes.ts';
import { parsePage, readPageText } from '../packages/doctor/src/words/page.ts';
import { describeReport } from '../packages/protocol/src/reporting/event-numbers.ts';
import { helpPages } from './words/help-texts.ts';

const docs = join(fileURLToPath(new URL('..', import.meta.url)), 'docs');

/** Each page by its path, as the program of this checkout makes it. */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    [join(docs, 'commands.md'), await commandsPage()],
    [join(docs, 'codes.md'), codesPage()],
    [join(docs, 'doctor.md'), withFindings(readFileSync(join(docs, 'doctor.md'), 'utf8'))],
  ]);
}

async function commandsPage(): Promise<string> {
  const pages = await helpPages();
  const leaves = pages.filter(
    ({ name, command }) => command.commands.length === 0 || Object.hasOwn(commandExamples, name),
  );
  return `# Commands

<!-- Written by \`node scripts/reference-pages.ts\`. Change the help texts in packages/cli/src/commands, not this page. -->

This page lists every command of \`moult\` with its arguments and options, for administrators. It is made from the program: a
test compares both. \`moult COMMAND --help\` shows the same text.

| Exit code | Meaning |
| --- | --- |
| 0 | everything is fine |
| 1 | the command found a fault, or it failed |
| 2 | wrong usage, or the command could not run |

Every command takes \`--help\` and \`--set-limit NAME=VALUE\` ([limits](limits.md)). The option \`--json\` prints one JSON document.

| Command | Purpose |
| --- | --- |
${leaves.map(({ name, command }) => `| [\`moult ${name}\`](#moult-${name.replaceAll(' ', '-')}) | ${cell(command.description())} |`).join('\n')}

${leaves.map(({ name, command }) => commandSection(name, command)).join('\n\n')}

Next page: [Error codes](errors.md). Questions: the issue tracker of the project.
`;
}

function commandSection(name: string, command: Command): string {
  const example = commandExamples[name];
  const parts = [`## moult ${name}`, sentence(command.description())];
  parts.push(`\`\`\`\nmoult ${name} ${command.usage()}\n\`\`\``);
  if (example !== undefined) parts.push(`Example: \`${example}\``);
  const rows = [
    ...command.registeredArguments
      .filter(({ description }) => description !== '')
      .map((argument) => [`${argument.name().toUpperCase()}`, argument.description]),
    ...command.options
      .filter(({ long }) => long !== '--set-limit')
      .map(({ flags, description, defaultValue }) => [flags, withDefault(description, defaultValue)]),
  ];
  if (rows.length > 0) {
    const lines = rows.map(([flags = '', text = '']) => `| \`${flags.replaceAll('|', '\\|')}\` | ${cell(text)} |`);
    parts.push(`| Argument or option | Meaning |\n| --- | --- |\n${lines.join('\n')}`);
  }
  return parts.join('\n\n');
}

/** Paths of the machine that writes the page are not what other machines have. */
function withDefault(text: string, value: unknown): string {
  const isShown = (typeof value === 'string' && !value.includes('/packages/')) || typeof value === 'number';
  return isShown && String(value) !== '' ? `${text} (default ${value})` : text;
}

const rungs = [
  'SUS or WSUS client?',
  'Able to update itself at all?',
  'Pointed where?',
  'Is the self-update tree there?',
  'What does the web server answer?',
  'Is something in between?',
  'Reachable?',
  "What do the client's logs say?",
  'State of the client',
  'This server, its content, its agents',
];

/** The page of the doctor with the list of all findings, by rung. */
function withFindings(page: string): string {
  const [before = '', rest = ''] = page.split(/(?<=^## All findings\n)/m);
  const after = /^## (?!All findings)[\s\S]*/m.exec(rest)?.[0] ?? '';
  const codes = Object.keys(findingCodes) as FindingCode[];
  const sections = rungs.map((title, at) => {
    const lines = codes
      .filter((code) => findingCodes[code].rung === at + 1)
      .map((code) => `| ${findingLink(code)} | ${whatOf(code)} |`);
    return `### Rung ${at + 1}: ${title}\n\n| Finding | Meaning |\n| --- | --- |\n${lines.join('\n')}`;
  });
  const note = '<!-- Written by `node scripts/reference-pages.ts` from docs/findings. -->';
  return `${before}\n${note}\n\n${sections.join('\n\n')}\n\n${after}`;
}

/** The sentence of a finding, with a word in capitals for each name that a report fills in. */
function whatOf(code: FindingCode): string {
  const { what } = parsePage(readPageText(code));
  return what.replaceAll('{treePort}', '80').replaceAll(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
}

function codesPage(): string {
  const events = range(20_000).filter((id) => causeOfEvent(id) !== undefined || eventFindings(id).length > 0);
  const reports = range(1000).filter((number) => describeReport(number, 0).headline !== `Reported event ${number}`);
  const errors = [...errorTable()].sort(([a], [b]) => (a >>> 0) - (b >>> 0));
  return `# Event ids and error codes of Windows

<!-- Written by \`node scripts/reference-pages.ts\`. Change the tables of the program, not this page. -->

Look up a number here, for administrators. It leads to the finding that explains the number. The page is made from the tables
that the doctor uses, and a test compares both. Codes of Moult's own are on the page [Error codes](errors.md).

Search this page with Ctrl+F. Write an HRESULT as \`0x\` and eight digits. A log may show \`-2145107943\` instead. In PowerShell,
\`'0x{0:X8}' -f -2145107943\` prints \`0x80244019\`.

## Events of the update server

WSUS writes these events into the Application log of its server, with the source *Windows Server Update Services*. The last
digit tells the kind: 0 is information, 1 a warning and 2 an error. Moult shows 13042 and 506 on its home page. It writes no
Windows event log.

| Event | Finding |
| --- | --- |
${events
  .map(
    (id) =>
      `| ${id} | ${[...new Set([causeOfEvent(id), ...eventFindings(id)])]
        .filter((code) => code !== undefined)
        .map(findingLink)
        .join('<br>')} |`,
  )
  .join('\n')}

## Events that clients report

Clients send these numbers to the server. \`moult events --kind reports\` and \`ReportingEvents.log\` show them.

| Number | Kind | Outcome | Meaning |
| --- | --- | --- | --- |
${reports.map((number) => reportRow(number)).join('\n')}

## HRESULTs

The names come from Microsoft's public lists. The meanings are in our own words. *Uncertain* marks a number without a
published source.

| Code | Name | Meaning | Finding |
| --- | --- | --- | --- |
${errors.map(([value, { code, name, meaning }]) => `| ${code} | \`${name}\` | ${cell(meaning)} | ${findingOf(value)} |`).join('\n')}

Codes that are not in the table belong to a finding by their block. \`0x80190000\` plus an HTTP status is that status.
\`0xC8000000\` plus a number is an error of the database engine of the client.

Next page: [The doctor](doctor.md). Questions: the issue tracker of the project.
`;
}

function reportRow(number: number): string {
  const { kind, outcome, headline } = describeReport(number, 1);
  return `| ${number} | ${kind} | ${outcome} | ${cell(headline)} |`;
}

function eventFindings(id: number): string[] {
  return Object.entries(findingCodes)
    .filter(([, { eventIds }]) => (eventIds as readonly number[]).includes(id))
    .map(([code]) => code);
}

function findingOf(value: number): string {
  const cause = causeOf(value);
  return isFindingCode(cause) ? findingLink(cause) : 'not a fault';
}

function findingLink(code: string): string {
  return `[${code}](findings/${code}.md)`;
}

function range(end: number): number[] {
  return Array.from({ length: end }, (_, number) => number);
}

/** One line of a table, in the style of pages. */
function cell(text: string): string {
  return sentence(text.replaceAll(';', ',').replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' '));
}

function sentence(text: string): string {
  return text.replaceAll(/\banew\b/g, 'again');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of await referencePages()) writeFileSync(path, text);
}
