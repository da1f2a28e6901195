// The Debian package of the server: the npm package, the Node that runs it, the service, and what Debian expects beside a
// program. Installing it starts nothing: an administrator writes the settings first.
import { readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ArchivedFile, ArchiveEntry } from '@moult/formats/archives';
import { foldersAbove, type Runtime, type WrittenBundle, writeDebian } from '@moult/releases/bundle';

export interface DebianOrder {
  /** The npm package, unpacked. */
  folder: string;
  version: string;
  /** As dpkg calls it: `amd64`, `arm64`. */
  architecture: string;
  runtime: Runtime;
  /** The npm package that the runtime is of, and its version. */
  nodePackage: string;
  nodeVersion: string;
  /** 1 is fast, 9 is small. */
  level: number;
  unit: string;
  manPage: string;
  completions: { bash: string; zsh: string; fish: string };
}

const place = './usr/lib/moult';
/** The program that the unit starts, and people too. */
export const moultProgram = '/usr/bin/moult';

/** Writes the package. The same contents make the same bytes. */
export async function writeServerPackage(target: string, order: DebianOrder): Promise<WrittenBundle> {
  const files = [...(await packedFiles(order.folder)), ...ownFiles(order)].sort((a, b) => (a.name < b.name ? -1 : 1));
  const installedBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const parts = { tree: withFolders(files), control: controlFiles(order, installedBytes) };
  return writeDebian(target, parts, order.level);
}

async function packedFiles(folder: string): Promise<ArchivedFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (file) => ({
      kind: 'file' as const,
      name: `${place}/${relative(folder, file).split(sep).join('/')}`,
      sizeBytes: (await stat(file)).size,
      isExecutable: file.endsWith(join('bin', 'moult.js')),
      read: () => [readFileSync(file)],
    })),
  );
}

function ownFiles(order: DebianOrder): ArchivedFile[] {
  const { folder, runtime, nodePackage, nodeVersion, unit, manPage, completions } = order;
  // npm puts it there. So what looks for the Node of a system finds this one, for agent bundles too.
  const node = `${place}/node_modules/${nodePackage}`;
  const from = (name: string) => readFileSync(join(folder, name), 'utf8');
  const copyright = `${from('LICENSE')}\n${'-'.repeat(80)}\n\n${from('THIRD-PARTY-NOTICES.txt')}\n${'-'.repeat(80)}\n\nNode.js\n\n${Buffer.from(runtime.license)}`;
  return [
    {
      kind: 'file',
      name: `${node}/bin/node`,
      sizeBytes: runtime.sizeBytes,
      isExecutable: true,
      read: runtime.read,
    },
    text(
      `.${moultProgram}`,
      `#!/bin/sh\nexec ${node.slice(1)}/bin/node /usr/lib/moult/packages/cli/bin/moult.js "$@"\n`,
      true,
    ),
    text(`${node}/package.json`, `${JSON.stringify({ name: nodePackage, version: nodeVersion })}\n`),
    bytes(`${node}/LICENSE`, runtime.license, false),
    text('./usr/lib/systemd/system/moult.service', unit),
    text('./usr/lib/sysusers.d/moult.conf', 'u moult - "Moult update server" /var/lib/moult\n'),
    text('./etc/moult/moult.toml', firstSettings),
    zipped('./usr/share/man/man1/moult.1.gz', manPage),
    text('./usr/share/bash-completion/completions/moult', completions.bash),
    text('./usr/share/zsh/vendor-completions/_moult', completions.zsh),
    text('./usr/share/fish/vendor_completions.d/moult.fish', completions.fish),
    text('./usr/share/doc/moult/copyright', copyright),
    zipped('./usr/share/doc/moult/changelog.gz', from('CHANGELOG.md')),
  ];
}

const firstSettings = `# Settings of the Moult server. "moult serve --print-config" lists all of them with their values and where they come from.
# After a change: systemctl restart moult
data-dir = "/var/lib/moult"
`;

function controlFiles({ version, architecture }: DebianOrder, installedBytes: number): ArchiveEntry[] {
  const control = [
    'Package: moult',
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    'Maintainer: The Moult project <root@localhost>',
    `Installed-Size: ${Math.ceil(installedBytes / 1024)}`,
    'Depends: libc6 (>= 2.28), libstdc++6, libgcc-s1, systemd | passwd',
    'Recommends: ca-certificates',
    'Section: admin',
    'Priority: optional',
    'Description: update server that is compatible with WSUS',
    ' Clients of Windows Update synchronise with it. Its own agents update themselves',
    ' first. It holds the server, the moult command, the console and a Node runtime.',
  ];
  return [
    { kind: 'folder', name: './' },
    text('./conffiles', '/etc/moult/moult.toml\n'),
    text('./control', `${control.join('\n')}\n`),
    text('./postinst', postinst, true),
    text('./postrm', postrm, true),
    text('./prerm', prerm, true),
  ];
}

const postinst = `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  if ! getent passwd moult >/dev/null; then
    if command -v systemd-sysusers >/dev/null; then
      systemd-sysusers moult.conf
    else
      useradd --system --user-group --home-dir /var/lib/moult --shell /usr/sbin/nologin moult
    fi
  fi
  if [ ! -e /var/lib/moult ]; then
    install -d -o moult -g moult -m 0700 /var/lib/moult
  fi
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
  fi
  if [ -n "$2" ]; then
    if [ -d /run/systemd/system ]; then systemctl try-restart moult.service || true; fi
  else
    if command -v systemctl >/dev/null; then systemctl enable --quiet moult.service || true; fi
    echo 'Settings: /etc/moult/moult.toml. Start the server: systemctl start moult. Its log has a link for the first account.'
  fi
fi
`;

const prerm = `#!/bin/sh
set -e
if [ "$1" = remove ]; then
  if [ -d /run/systemd/system ]; then systemctl stop moult.service || true; fi
  if command -v systemctl >/dev/null; then systemctl disable --quiet moult.service || true; fi
fi
`;

/** Agents trust the keys below /var/lib/moult: no package removes them. */
const postrm = `#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
fi
if [ "$1" = purge ] && [ -e /var/lib/moult ]; then
  echo 'The data stay in /var/lib/moult: they hold the keys that agents trust. Remove the folder if that is meant.'
fi
`;

function withFolders(files: readonly ArchivedFile[]): ArchiveEntry[] {
  const seen = new Set<string>();
  return files.flatMap((file) => [
    ...foldersAbove(file.name)
      .filter((name) => !seen.has(name) && seen.add(name))
      .map((name) => ({ kind: 'folder' as const, name })),
    file,
  ]);
}

function text(name: string, content: string, isExecutable = false): ArchivedFile {
  return bytes(name, Buffer.from(content), isExecutable);
}

/** Without a time in it. */
function zipped(name: string, content: string): ArchivedFile {
  return bytes(name, gzipSync(content, { level: 9 }), false);
}

function bytes(name: string, content: Uint8Array, isExecutable: boolean): ArchivedFile {
  return { kind: 'file', name, sizeBytes: content.length, isExecutable, read: () => [content] };
}
