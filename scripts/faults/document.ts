// docs/fault-injection.md, from the results of a run, and the same table for the terminal.
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { kinds, parseSeed, type RunResult } from './run.ts';

export interface RowOfTable {
  row: string;
  kind: string;
  runs: number;
  /** The fault left the machine with the new version. */
  updated: number;
  /** It left the machine with the old one, and the machine said why or was cut off. */
  unchanged: number;
  hung: number;
  /** Came to the new version only at a later start than the first. */
  later: number;
  stranded: number;
  medianMs: number;
}

/** One row for each fault, in the order of the kinds. */
export function tableOf(results: readonly RunResult[]): RowOfTable[] {
  const rows = Map.groupBy(
    results.filter(({ hit }) => hit),
    ({ row }) => row,
  );
  return [...rows]
    .map(([row, all]) => ({
      row,
      kind: parseSeed(all[0]?.seed ?? '').kind,
      runs: all.length,
      updated: all.filter(({ left }) => left === 'new').length,
      unchanged: all.filter(({ left, reason }) => left === 'old' && reason !== '').length,
      hung: all.filter(({ hung }) => hung).length,
      later: all.filter(({ starts, stranded }) => starts > 1 && stranded === undefined).length,
      stranded: all.filter(({ stranded }) => stranded !== undefined).length,
      medianMs: median(all.map(({ ms }) => ms)),
    }))
    .sort((a, b) => order(a.kind) - order(b.kind) || a.row.localeCompare(b.row));
}

function order(kind: string): number {
  return (kinds as readonly string[]).indexOf(kind);
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
}

export interface DocumentFacts {
  results: readonly RunResult[];
  /** Seed of the order in which the plan was gone through. */
  order: string;
  planned: number;
  seconds: number;
  digest: string;
  fileSystems: readonly string[];
  day: string;
}

const headings: Record<string, string> = {
  power: 'Power cuts',
  kill: 'Killed programs',
  service: 'Killed programs of a running service',
  error: 'Failing system calls',
  disk: 'Disks that give out',
  clock: 'Wrong clocks',
  network: 'Network',
  proxy: 'Proxies',
  release: 'Bad releases',
};

/** The page. It names the kind of machine, and no machine. */
export function writeDocument(facts: DocumentFacts): string {
  const { results } = facts;
  const hits = results.filter(({ hit }) => hit);
  const stranded = hits.filter((result) => result.stranded !== undefined);
  const rows = tableOf(results);
  const sections = kinds
    .filter((kind) => rows.some((row) => row.kind === kind))
    .flatMap((kind) => [
      `## ${headings[kind]}`,
      '',
      ...markdownRows(rows.filter((row) => row.kind === kind)),
      '',
      `Replay one of them: \`npm run faults -- --replay "${hits.find(({ seed }) => seed.startsWith(`${kind}/`))?.seed}"\``,
      '',
    ]);
  return [
    ...opening,
    ...figures(facts, hits.length, stranded.length),
    '',
    ...(stranded.length === 0
      ? []
      : ['### Stranded', '', ...stranded.map(({ seed, stranded: why }) => `- \`${seed}\`: ${why}`), '']),
    ...sections,
    ...closing,
  ].join('\n');
}

const opening = [
  '# Fault injection',
  '',
  '<!-- Written by `npm run faults`. Change scripts/faults/document.ts, not this page. -->',
  '',
  'This page shows what happens to the agent when its self-update goes wrong. It is for administrators who must decide',
  'whether an agent that replaces itself can be trusted. `npm run faults` runs the built agent and its host against a real',
  'Moult server. It injects one fault into each run, and starts the machine again without the fault. Then it writes this page.',
  '',
  'A run is *stranded* if the machine does not come to the good new version by itself. The run does not repair',
  'anything between the fault and the start after it.',
  '',
];

function figures(
  { order: seed, planned, seconds, digest, fileSystems, day }: DocumentFacts,
  runs: number,
  stranded: number,
): string[] {
  const { node } = process.versions;
  const machine = `${process.platform} ${release().split('-')[0]} on ${process.arch}, ${distribution()}`;
  return [
    '| | |',
    '| --- | --- |',
    `| Runs | **${number(runs)}** of ${number(planned)} in the plan |`,
    `| Stranded | **${number(stranded)}** |`,
    `| Day | ${day} |`,
    `| Time | ${Math.round(seconds / 60)} min |`,
    `| Machine | ${machine} |`,
    `| Node | ${node} |`,
    `| File systems of the power cuts | ${fileSystems.join(', ') || 'none'} |`,
    `| Programs under test | SHA-256 ${digest}… |`,
    `| Order of the plan | seed \`${seed}\` |`,
  ];
}

function markdownRows(rows: readonly RowOfTable[]): string[] {
  return [
    '| Fault | Runs | New version at once | Old version, with a reason | Hung until the restart | More than one start | Stranded | Median |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(
      ({ row, runs, updated, unchanged, hung, later, stranded, medianMs }) =>
        `| ${row} | ${[runs, updated, unchanged, hung, later, stranded].map(number).join(' | ')} | ${(medianMs / 1000).toFixed(1)} s |`,
    ),
  ];
}

const closing = [
  '## How the runs work',
  '',
  '- **Machine**: a folder that plays a whole machine, on a file system in memory. For power cuts it is an image of its own,',
  '  mounted through a loop device. The programs are the bundles that `npm run build` makes. They run as separate processes.',
  '- **Three updates**: In `first` the SUS client 5.4.0.1 becomes the WSUS client. In `next` the WSUS client 7.9.0.1 becomes',
  '  a newer one. In `host` the host becomes a newer one, and the version under it stays.',
  '- **Power cut**: the ioctl `FS_IOC_SHUTDOWN` ends the file system without writing its journal. Everything that was not',
  '  synced is lost. `ext4-strict` is ext4 mounted with `noauto_da_alloc`.',
  '- **System calls**: `strace` first writes down each file call of the host, the old version, the new version and the new',
  '  host. Then',
  '  it kills the program before the call, or lets the call fail. For a power cut it stops the program after the call.',
  '- **New version at once**: the fault did not keep the update from its end. **Old version, with a reason**: the log, the',
  '  registry or the standard error of the host names the reason. After a kill or a power cut, no reason is asked for.',
  '- **Hung until the restart**: the host did not end within 90 seconds, and the run ended it as a restart does.',
  '- **Start again**: the wait for the next detection is set to be over. Then the host starts as a service starts it. A second',
  '  start is on the next day. The reason is that the agent tries a failed release again after a day.',
  '  The run counts as recovered if `moult agent status` names the new version or host within three starts.',
  '  The new one must then be whole and not on trial.',
  '  After a bad release up to eight starts are allowed: the host gives a version up after three deaths or five starts.',
  '- **Disks that give out**: a full disk has room again at the start after it, and a dead or read-only disk is mounted again.',
  '- **Proxies**: the agent has the setting `ProxyServer`, and the server has a name that only the proxy knows.',
  '',
  'A time-driven fault (a random time) does not hit the same instruction each time. All others do.',
  '',
  'Repeat all of it as root on Linux: `npm run faults`. A minute of it runs in `npm test`. See also [the agent](agent.md).',
  '',
  'Next page: [Threat model](threat-model.md). Questions: the issue tracker of the project.',
  '',
];

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  } catch {
    return 'an unknown system';
  }
}
