// The foreign programs that the tests hold us against. On Debian as root they are installed here; elsewhere the
// tests that need a missing one fail and name it. Nothing is skipped in silence.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Program → Debian package. */
const tools: Record<string, string> = {
  haproxy: 'haproxy',
  apache2: 'apache2',
  nginx: 'nginx',
  cabextract: 'cabextract',
  gcab: 'gcab',
  osslsigncode: 'osslsigncode',
  openssl: 'openssl',
  'wimlib-imagex': 'wimtools',
  curl: 'curl',
  faketime: 'faketime',
  chromium: 'chromium',
  pgbouncer: 'pgbouncer',
};

/** Debian packages that bring no program of their own → what ends with 0 where they are. */
const libraries: Record<string, readonly string[]> = {
  // Debian's own Python: another one on the path does not see Debian's packages.
  'python3-zeep': ['/usr/bin/python3', '-c', 'import zeep'],
};

/** Installs what is missing (Debian, root), or says what to install. */
export function bringTestTools(): void {
  const packages = missingPackages();
  if (packages.length === 0) return;
  installDebianPackages(packages);
  const still = missingPackages();
  if (still.length > 0) {
    console.error(
      `Tests need these packages, which are not installed: ${still.join(', ')}.\n` +
        `On Debian: sudo apt-get install ${still.join(' ')}`,
    );
    process.exit(1);
  }
}

/** Installs packages where that is allowed (Debian, root); elsewhere it does nothing. */
export function installDebianPackages(packages: readonly string[]): void {
  if (packages.length === 0 || process.getuid?.() !== 0 || !isOnPath('apt-get')) return;
  console.log(`\n=== test tools: installing ${packages.join(', ')}`);
  run('apt-get', ['update', '-qq']);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
}

function missingPackages(): string[] {
  const programs = Object.entries(tools).filter(([program]) => !isOnPath(program));
  const others = Object.entries(libraries).filter(([, command]) => !succeeds(command));
  return [...new Set([...programs.map(([, name]) => name), ...others.map(([name]) => name)])];
}

function succeeds([program = '', ...args]: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

export function isOnPath(program: string): boolean {
  // /usr/sbin: where Debian keeps servers, and not on everybody's path.
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']) {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not in this folder.
    }
  }
  return false;
}

function run(command: string, args: string[]): void {
  const { status } = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status !== 0) console.error(`${command} ${args.join(' ')} ended with ${status}`);
}
