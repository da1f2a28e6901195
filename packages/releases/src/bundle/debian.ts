// A Debian package of a bundle (deb(5), Debian policy 6): the files below /opt, a link in /usr/bin, and scripts that set the
// agent up and stop it.
import type { ArchivedFile, ArchiveEntry } from '@moult/formats/archives';
import type { Brand } from '@moult/protocol/self-update';
import { placeOf } from './installed-scripts.ts';

interface DebianFacts {
  brand: Brand;
  version: string;
  architecture: string;
  installedBytes: number;
}

/** The tree of the package, folders before what is in them. `files`: below the brand's id. */
export function debianTree(files: readonly ArchivedFile[], brand: Brand): ArchiveEntry[] {
  const placed = files.map((file) => ({ ...file, name: `./opt/${file.name}` }));
  const link = { kind: 'link' as const, name: `./usr/bin/${brand.id}`, to: `${placeOf(brand)}/bin/${brand.id}` };
  const seen = new Set<string>();
  return [...placed, link].flatMap((entry) => [
    ...foldersAbove(entry.name)
      .filter((name) => !seen.has(name) && seen.add(name))
      .map((name) => ({ kind: 'folder' as const, name })),
    entry,
  ]);
}

/** The control files of the package. */
export function debianControl(facts: DebianFacts): ArchiveEntry[] {
  const { brand } = facts;
  const place = placeOf(brand);
  const program = `${place}/bin/${brand.id}`;
  return [
    { kind: 'folder', name: './' },
    text('./control', controlOf(facts), false),
    text('./postinst', script('configure | abort-*', `${program} setup`), true),
    // A running installer refuses the removal, because its files are among those that go.
    text('./prerm', script('remove', `${program} uninstall`, `${program} stop >/dev/null 2>&1 || true`), true),
    text('./postrm', script('purge', `rm -rf /var/lib/${brand.id}`), true),
  ];
}

/** A script of the package that does one thing for a kind of call, and another for all others. */
function script(kind: string, action: string, otherwise = ':'): string {
  return `#!/bin/sh\nset -e\ncase "$1" in\n  ${kind}) ${action} ;;\n  *) ${otherwise} ;;\nesac\n`;
}

function controlOf({ brand, version, architecture, installedBytes }: DebianFacts): string {
  const lines = [
    `Package: ${brand.id}`,
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    `Maintainer: ${brand.vendor} <root@localhost>`,
    `Installed-Size: ${Math.ceil(installedBytes / 1024)}`,
    'Depends: libc6 (>= 2.28), libstdc++6, libgcc-s1',
    'Section: admin',
    'Priority: optional',
    `Description: ${brand.name}: updates this computer from a Moult server`,
    ' It holds the agent, its runtime, and the certificate and root that it trusts.',
  ];
  return `${lines.join('\n')}\n`;
}

/** `./usr/`, `./usr/bin/` for `./usr/bin/moult`, and `./` before them. */
export function foldersAbove(name: string): string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, at) => `${parts.slice(0, at + 1).join('/')}/`);
}

function text(name: string, content: string, isExecutable: boolean): ArchivedFile {
  const bytes = Buffer.from(content);
  return { kind: 'file', name, sizeBytes: bytes.length, isExecutable, read: () => [bytes] };
}
