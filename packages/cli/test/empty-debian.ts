// A Debian that has nothing of ours: this system's own files under an overlay in memory, with processes of its own. Everything that
// runs in it ends with it, and nothing that it writes stays.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

const enter = `set -eu
mount --make-rprivate /
mount -t tmpfs -o size=2g tmpfs "$PLACE"
mkdir "$PLACE/upper" "$PLACE/work" "$PLACE/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$PLACE/upper,workdir=$PLACE/work" "$PLACE/root"
cd "$PLACE/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mkdir -p srv tmp
mount -t tmpfs tmpfs tmp
rm -rf opt/* usr/local/bin/moult-agent usr/bin/moult-agent var/lib/moult-agent
for file in $FILES; do
  touch "srv/\${file##*/}"
  mount --bind "$file" "srv/\${file##*/}"
done
exec chroot . /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root sh -eu -c "$SCRIPT"
`;

/** False, and a loud line, where this user or this machine cannot. */
export function canEnterDebian(folder: string): boolean {
  if (process.platform === 'linux' && run(folder, 'true', []).status === 0) return true;
  console.error(
    '*** NOT TESTED: an installation on an empty Debian. It needs root, unshare and overlays, which CI has. ***',
  );
  return false;
}

/** Runs a script of sh as root. `files`: read-only files that it finds in /srv. */
export function inEmptyDebian(folder: string, script: string, files: readonly string[] = []): Promise<Ran> {
  const { program, args, options } = call(folder, script, files);
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const ran: Ran = { code: null, out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (piece) => {
    ran.out += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece) => {
    ran.err += piece;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ran, code })));
}

function run(folder: string, script: string, files: readonly string[]) {
  const { program, args, options } = call(folder, script, files);
  return spawnSync(program, args, options);
}

function call(folder: string, script: string, files: readonly string[]) {
  const place = join(folder, 'debian');
  mkdirSync(place, { recursive: true });
  const env = { ...process.env, PLACE: place, SCRIPT: script, FILES: files.join(' ') };
  const args = ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', enter];
  return { program: 'unshare', args, options: { env } };
}
