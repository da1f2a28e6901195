// The version and the day of a release, in every place that names them.
//   node scripts/set-release.ts VERSION DATE   sets both. VERSION as 0.2.0, DATE as 2026-12-31
//   node scripts/set-release.ts                exits 1 and names each place that disagrees
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const versionLine = /(export const serverVersion = ')(\d+\.\d+\.\d+)(';)/;
const dateLine = /(export const programDate = new Date\(')(\d{4}-\d{2}-\d{2})(T00:00:00Z'\);)/;
/** Of the newest release in CHANGELOG.md. */
const heading = /^## (\d+\.\d+\.\d+) \((\d{4}-\d{2}-\d{2})\)$/m;

/** Every place of the checkout at `root` that disagrees, as a sentence. `now`: no release is made later than that. */
export function findReleaseProblems(root: string, now: Date): string[] {
  const { file, version, date } = readRelease(root);
  const problems = packageFiles(root).flatMap((name) =>
    versionsIn(JSON.parse(read(root, name)))
      .filter((found) => found !== version)
      .map((found) => `${name} says ${found}, and ${file} says ${version}.`),
  );
  if (Date.parse(date) > now.getTime()) problems.push(`${file}: programDate ${date} is in the future.`);
  const [, newest, day] = heading.exec(read(root, 'CHANGELOG.md')) ?? [];
  if (newest !== undefined && (newest !== version || day !== date)) {
    problems.push(`CHANGELOG.md says ${newest} (${day}), and ${file} says ${version} (${date}).`);
  }
  return [...new Set(problems)];
}

/** Writes version and day everywhere. The entries under Unreleased in CHANGELOG.md become the release's. */
export function setRelease(root: string, version: string, date: string): void {
  if (!/^\d+\.\d+\.\d+$/.test(version) || !/^\d{4}-\d{2}-\d{2}$/.test(date) || Number.isNaN(Date.parse(date))) {
    throw new Error(`Give the version as 0.2.0 and the day as 2026-12-31, not ${version} ${date}.`);
  }
  const { file } = readRelease(root);
  const edit = (name: string, change: (text: string) => string) =>
    writeFileSync(join(root, name), change(read(root, name)));
  edit(file, (text) => text.replace(versionLine, `$1${version}$3`).replace(dateLine, `$1${date}$3`));
  for (const name of packageFiles(root)) {
    edit(name, (text) => {
      const document = JSON.parse(text);
      versionsIn(document, version);
      return `${JSON.stringify(document, undefined, 2)}\n`;
    });
  }
  edit('CHANGELOG.md', (text) => text.replace(/^## Unreleased$/m, `## Unreleased\n\n## ${version} (${date})`));
}

type Package = { version: string; dependencies?: Record<string, string> };

/** The versions of our packages in a package.json or a package-lock.json. With `next` they are set to it. */
function versionsIn(document: Package & { packages?: Record<string, Package> }, next?: string): string[] {
  const ours = Object.entries(document.packages ?? {}).filter(([place]) => /^(packages\/[^/]+)?$/.test(place));
  return [document, ...ours.map(([, one]) => one)].flatMap((one) => {
    const dependencies = one.dependencies ?? {};
    const names = Object.keys(dependencies).filter((name) => name.startsWith('@moult/'));
    const found = [one.version, ...names.map((name) => dependencies[name] ?? '')];
    if (next !== undefined) {
      one.version = next;
      for (const name of names) dependencies[name] = next;
    }
    return found;
  });
}

function packageFiles(root: string): string[] {
  return ['package.json', 'package-lock.json', ...globSync('packages/*/package.json', { cwd: root })].filter((name) =>
    existsSync(join(root, name)),
  );
}

function readRelease(root: string): { file: string; version: string; date: string } {
  const files = globSync('packages/*/src/version.ts', { cwd: root });
  const [file = ''] = files;
  const text = files.length === 1 ? read(root, file) : '';
  const version = versionLine.exec(text)?.[2];
  const date = dateLine.exec(text)?.[2];
  if (version && date) return { file, version, date };
  throw new Error('One file, packages/NAME/src/version.ts, must hold serverVersion and programDate.');
}

function read(root: string, name: string): string {
  return readFileSync(join(root, name), 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const [version, date] = process.argv.slice(2);
  if (version !== undefined) setRelease(root, version, date ?? '');
  const problems = findReleaseProblems(root, new Date());
  for (const problem of problems) console.error(`${problem} Run node scripts/set-release.ts VERSION DATE.`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
