// The foreign programs that the tests compare us with. On Debian as root they are installed here. Elsewhere the tests
// that need a missing one fail and name it. Nothing is skipped in silence.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { bringWindowsNode, canRunWine, findWine } from './windows-node.ts';

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
  xmllint: 'libxml2-utils',
  chromium: 'chromium',
  pgbouncer: 'pgbouncer',
  pebble: 'pebble',
  'systemd-analyze': 'systemd',
  php: 'php-cli',
  wixl: 'wixl',
  msibuild: 'msitools',
  'x86_64-w64-mingw32-gcc': 'gcc-mingw-w64-x86-64',
};

/** Debian packages that bring no program for the path → whether they are there. */
const others: Record<string, () => boolean> = {
  // Debian's own Python: another one on the path does not see Debian's packages.
  'python3-zeep': () => succeeds(['/usr/bin/python3', '-c', 'import zeep']),
  'python3-suds': () => succeeds(['/usr/bin/python3', '-c', 'import suds']),
  'php-soap': () => succeeds(['php', '-r', 'exit(class_exists("SoapClient") ? 0 : 1);']),
  wine64: () => !canRunWine || findWine() !== undefined,
};

/** Installs what is missing (Debian, root), or says what to install. */
export function bringTestTools(): void {
  bringPackages();
  if (!canRunWine)
    return void console.log('\n=== test tools: no Wine here (it needs Linux on x64); its tests are left out');
  const why = bringWindowsNode();
  if (why === '') return;
  console.error(`The tests under Wine need the Windows build of Node, which could not be fetched: ${why}.`);
  process.exit(1);
}

function bringPackages(): void {
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

/** Installs packages where that is allowed (Debian, root). Elsewhere it does nothing. */
export function installDebianPackages(packages: readonly string[]): void {
  if (packages.length === 0 || process.getuid?.() !== 0 || !isOnPath('apt-get')) return;
  console.log(`\n=== test tools: installing ${packages.join(', ')}`);
  run('apt-get', ['update', '-qq']);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
}

function missingPackages(): string[] {
  const programs = Object.entries(tools).filter(([program]) => !isOnPath(program));
  const absent = Object.entries(others).filter(([, isThere]) => !isThere());
  return [...new Set([...programs.map(([, name]) => name), ...absent.map(([name]) => name)])];
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
