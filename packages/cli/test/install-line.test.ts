// The pasted line on an empty Debian, before servers that lie and on a disk that is full: one line says so, and nothing is installed.
// What it installs from an honest server, boot.test.ts of the agent shows. The runtime here is a few bytes: nothing runs it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { createOperatorCa } from '@moult/formats/authenticode';
import { moultBrand } from '@moult/protocol/self-update';
import { installLine } from '@moult/releases/bundle';
import { type KeptBundles, makeKeptBundles } from '@moult/server';
import { canEnterDebian, inEmptyDebian } from './empty-debian.ts';

let folder: string;
let kept: KeptBundles;

interface Lie {
  what: string;
  /** What comes in place of the script; undefined: the honest one. */
  script?: (bytes: Buffer) => Buffer;
  bundle?: (bytes: Buffer) => Buffer;
  /** This one says no length and never ends. */
  endless?: 'script' | 'bundle';
  /** What the machine does before. */
  first?: string;
  says: RegExp;
}

const another = 'This server did not send the script of this line. Nothing was installed.';
const altered = 'moult-agent: The bundle that came is not the one that this script names. Nothing was installed.';
const only = (sentence: string) => new RegExp(`^${sentence.replaceAll('.', '\\.')}\n$`);

const lies: Lie[] = [
  { what: 'an altered script', script: (bytes) => Buffer.concat([bytes, Buffer.from('\n')]), says: only(another) },
  { what: 'another script', script: () => Buffer.from('touch /opt/planted\n'), says: only(another) },
  // A shell that read it from a pipe would run what it has.
  { what: 'half a script', script: (bytes) => bytes.subarray(0, bytes.length >> 1), says: only(another) },
  { what: 'an altered bundle', bundle: flipped, says: only(altered) },
  { what: 'half a bundle', bundle: (bytes) => bytes.subarray(0, 5000), says: only(altered) },
  {
    what: 'a bundle that does not end',
    bundle: (bytes) => Buffer.concat([bytes, Buffer.alloc(50_000_000)]),
    says: /Maximum file size exceeded\nmoult-agent: http:\S+ cannot be fetched\. Nothing was installed\.\n$/,
  },
  // On a disk that would be full before a liar gives up.
  {
    what: 'a script that does not end',
    endless: 'script',
    first: 'mount -t tmpfs -o size=16m tmpfs /tmp',
    says: new RegExp(`^curl: .*\n${another}\n$`),
  },
  {
    what: 'a bundle of no known length that does not end',
    endless: 'bundle',
    first: 'mount -t tmpfs -o size=16m tmpfs /tmp',
    says: /^(?:File size limit exceeded.*\n)?moult-agent: http:\S+ cannot be fetched\. Nothing was installed\.\n$/,
  },
  {
    what: 'no room in /opt',
    first: 'mkdir -p /opt; mount -t tmpfs -o size=64k tmpfs /opt',
    says: /No space left on device\n(?:.*\n)*moult-agent: \/opt\/moult-agent\.new cannot be written\. Nothing was changed\.\n$/,
  },
  {
    what: 'no room in /tmp',
    first: 'mount -t tmpfs -o size=16k tmpfs /tmp',
    says: /\nmoult-agent: http:\S+ cannot be fetched\. Nothing was installed\.\n$/,
  },
];

describe('the pasted line', { skip: process.arch !== 'x64' && 'its bundle is one for x64' }, () => {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'moult-install-line-'));
    const { certificatePem } = await createOperatorCa({ commonName: 'An operator', now: new Date() });
    const contents = {
      ...{ brand: moultBrand, releases: [], operatorCertificate: certificatePem, trustRoot: Buffer.from('{}') },
      ...{ program: Buffer.from('// moult-agent'), license: Buffer.from('Apache'), notices: Buffer.of() },
    };
    const node = Buffer.alloc(200_000, 'node');
    const runtime = { sizeBytes: node.length, read: () => [node], license: Buffer.from('a licence') };
    kept = await makeKeptBundles(folder, { contents, runtimes: new Map([['linux-x64', runtime]]), level: 0 });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const line = (url: string) =>
    installLine({
      ...{ server: url, group: "it's; one" },
      ...{ script: kept.scripts['install.sh'].sha256, windowsScript: kept.scripts['install.ps1'].sha256 },
    });

  it('puts a bundle in its place only when its bytes are on the disk', async () => {
    if (!canEnterDebian(folder)) return;
    const honest = await startLiar({ what: '', says: /./ });
    try {
      const spy = 'wc -c /opt/*/runtime/node';
      const { out, err } = await inEmptyDebian(
        folder,
        `printf '#!/bin/sh\n${spy}\n/bin/sync' >/usr/local/bin/sync; chmod +x /usr/local/bin/sync; ${line(honest.url)} || :`,
      );
      assert.equal(out, '200000 /opt/moult-agent.new/runtime/node\n', err);
    } finally {
      honest.close();
    }
  });

  it('takes nothing from a server that lies, or onto a full disk: one line, and nothing is installed', async () => {
    if (!canEnterDebian(folder)) return;
    const liars = await Promise.all(lies.map(startLiar));
    try {
      const attempts = lies.map(({ first = ':' }, at) => {
        const undo = 'umount /opt /tmp/ 2>/dev/null; mount -t tmpfs tmpfs /tmp';
        return `${first}\n{ ${line(liars[at]?.url ?? '')}; } && echo installed >&2; echo "code $?" >&2; ls -A /opt; ${undo}`;
      });
      const { out, err } = await inEmptyDebian(
        folder,
        `set +e\n${attempts.join('\n')}\nls -A /usr/local/bin/moult-agent`,
      );
      assert.equal(out, '', 'nothing is in /opt after any of them');
      const said = err.split(/code 1\n/);
      for (const [at, { what, says }] of lies.entries()) assert.match(said[at] ?? '', says, `${what}: ${err}`);
    } finally {
      for (const liar of liars) liar.close();
    }
  });
});

function flipped(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed[bytes.length >> 1] = (changed[bytes.length >> 1] ?? 0) ^ 1;
  return changed;
}

/** A server in the middle: what is kept, altered. */
async function startLiar({
  script = same,
  bundle = same,
  endless,
}: Lie): Promise<Disposable & { url: string; close(): void }> {
  const liar = createServer(({ url = '' }, response) => {
    const isScript = url === '/agent/install.sh';
    if (endless === (isScript ? 'script' : 'bundle')) {
      const stream = Readable.from(endlessly()).on('error', () => undefined);
      response.on('close', () => stream.destroy());
      return void stream.pipe(response);
    }
    const file = isScript ? kept.scripts['install.sh'] : kept.bundles['linux-x64'];
    const bytes = readFileSync(join(folder, 'agent-bundles', file?.file ?? ''));
    response.end((isScript ? script : bundle)(bytes));
  });
  liar.listen(0, '127.0.0.1');
  await once(liar, 'listening');
  const close = () => {
    liar.close();
    liar.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(liar.address() as AddressInfo).port}`, close, [Symbol.dispose]: close };
}

function* endlessly(): Generator<Buffer> {
  for (const piece = Buffer.alloc(65_536, '\n'); ; ) yield piece;
}

function same(bytes: Buffer): Buffer {
  return bytes;
}
