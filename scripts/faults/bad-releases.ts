// Releases that must never stay: most of them the real program with one defect, built and signed like any other.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeRelease, parseRelease, releaseFileName } from '@moult/protocol/self-update';
import { buildAgent, buildHost } from '../build.ts';

export interface BadRelease {
  name: string;
  /** It does all that a version must do before it becomes the agent: only later it shows. */
  qualifies?: boolean;
  /** It is a host, and not an agent. */
  isHost?: boolean;
  /** The program from the good one. `version` is the released one. */
  spoil(good: string, version: string): string;
}

/** In place of the program: says that it is healthy, and then does `source` with each message. */
function onceHealthy(source: string, says = ''): BadRelease['spoil'] {
  return (_good, version) =>
    `const version = '${version}';
     process.on('disconnect', () => process.exit(0));
     process.on('message', (message) => { if (message.kind === 'stop') process.exit(0); ${source} });
     process.send({ kind: 'healthy', version${says} });`;
}

const qualifies = ', qualifies: true';
const saysQualified = "if (message.kind === 'begin' && message.trial) process.send({ kind: 'qualified', version });";

/** Hears nothing any more, and keeps no processor busy with it: other runs want to go on. */
const hang = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);';

/** Before the real program: no request of it leaves the machine. */
const withoutNetwork = `import faultHttp from 'node:http';
import { syncBuiltinESMExports as faultSync } from 'node:module';
faultHttp.request = () => { throw Object.assign(new Error('connect EHOSTUNREACH'), { code: 'EHOSTUNREACH' }); };
faultSync();
`;

/** Before the real host: it cannot start any program. */
const withoutPrograms = `import faultChild from 'node:child_process';
import { syncBuiltinESMExports as faultSync } from 'node:module';
faultChild.spawn = () => { throw new Error('spawn EPERM'); };
faultSync();
`;

export const badReleases: readonly BadRelease[] = [
  { name: 'crashes at its start', spoil: () => 'throw new Error("broken release");' },
  { name: 'exits with 0 at its start', spoil: () => 'process.exit(0);' },
  { name: 'hangs at its start', spoil: () => hang },
  { name: 'is no program', spoil: () => '\u0000\u0001 this is not JavaScript {' },
  {
    name: 'leaks memory at its start',
    spoil: () => 'const eaten = []; for (;;) eaten.push(new Array(100_000).fill(eaten.length));',
  },
  {
    name: 'crashes in its detection',
    spoil: onceHealthy("if (message.kind === 'begin') throw new Error('broken detection');"),
  },
  { name: 'exits with 0 in its detection', spoil: onceHealthy("if (message.kind === 'begin') process.exit(0);") },
  { name: 'hangs in its detection', spoil: onceHealthy(`if (message.kind === 'begin') ${hang}`) },
  { name: 'says nothing after it is healthy', spoil: onceHealthy('', qualifies) },
  {
    name: 'lies about its version when healthy',
    spoil: () => `process.on('message', () => undefined); process.send({ kind: 'healthy', version: '65535.0.0.0' });`,
  },
  {
    name: 'lies about its version when qualified',
    spoil: onceHealthy("process.send({ kind: 'qualified', version: '65535.0.0.0' });", qualifies),
  },
  { name: 'cannot reach the server', spoil: (good) => `${withoutNetwork}${good}` },
  {
    name: 'reaches the server and cannot unpack a release',
    spoil: (good) =>
      replaced(good, /function readCabinet\(/g, 'function readCabinet(){throw new Error("broken");} function unused('),
  },
  {
    name: 'reaches the server and finds nothing that it verifies',
    spoil: (good) => replaced(good, /createHash\d*\("sha256"\)/g, 'createHash("sha512")'),
  },
  {
    name: 'throws in its search',
    spoil: (good) => replaced(good, /async detect\(/g, 'async detect() { throw new Error("broken"); } async unused('),
  },
  {
    name: 'qualifies and then crashes',
    qualifies: true,
    spoil: onceHealthy(`${saysQualified} else process.exit(9);`, qualifies),
  },
  { name: 'host that crashes at its start', isHost: true, spoil: () => 'throw new Error("broken host");' },
  { name: 'host that exits with 0 at its start', isHost: true, spoil: () => 'process.exit(0);' },
  { name: 'host that hangs at its start', isHost: true, spoil: () => hang },
  { name: 'host that starts no agent', isHost: true, spoil: (good) => `${withoutPrograms}${good}` },
  { name: 'qualifies and then hangs', qualifies: true, spoil: onceHealthy(`${saysQualified} else ${hang}`, qualifies) },
];

/** The real program is the better for it that a defect is in it: throws when the place is no longer there. */
function replaced(program: string, place: RegExp, instead: string): string {
  if (!place.test(program)) throw new Error(`the built agent does not hold ${place}: the bad release is not bad`);
  return program.replace(place, () => instead);
}

/** The version of a bad release. */
export function badVersion(name: string): string {
  const index = badReleases.findIndex((release) => release.name === name);
  if (index < 0) throw new Error(`There is no bad release "${name}".`);
  return `7.9.1.${index + 1}`;
}

/** Builds the release `version` into `folder`, as scripts/build.ts does, and spoils it. */
export async function buildBadRelease(folder: string, version: string, bad: BadRelease): Promise<void> {
  await (bad.isHost ? buildHost(folder, version) : buildAgent(folder, 'wsus', version));
  alterRelease(join(folder, bad.isHost ? 'host' : 'wsus', version), (program) => bad.spoil(program, version));
}

/** Changes the program of a built release, and its list of files with it. */
export function alterRelease(folder: string, change: (program: string) => string): void {
  const release = parseRelease(readFileSync(join(folder, releaseFileName), 'utf8'));
  const program = Buffer.from(change(readFileSync(join(folder, release.entry), 'utf8')));
  writeFileSync(join(folder, release.entry), program);
  const files = release.files.map((file) =>
    file.name === release.entry
      ? { ...file, sizeBytes: program.length, sha256: createHash('sha256').update(program).digest('hex') }
      : file,
  );
  writeFileSync(join(folder, releaseFileName), encodeRelease({ ...release, files }));
}
