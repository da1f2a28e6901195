// Every command that opens what an argument names: a pipe that nobody writes to, a device without an end, a socket, a
// circle of links and a folder end with a clear error, in every place of the command line.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createOperatorCa, createOperatorSigner } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { openStore } from '@moult/store';

const moult = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
/** Far beyond what a busy machine needs: only a command that waits for ever reaches it. */
const longestMs = 120_000;

let folder: string;
let server: Server;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-named-'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  execFileSync('mkfifo', [join(folder, 'pipe.cab')]);
  symlinkSync('loop', join(folder, 'loop'));
  symlinkSync('/dev/zero', join(folder, 'zero'));
  server = createServer();
  await new Promise<void>((done) => server.listen(join(folder, 'socket'), done));
  writeFileSync(
    join(folder, 'good.cab'),
    createCabinet([{ name: 'a', bytes: Buffer.from('a'), modified: new Date() }]),
  );
  mkdirSync(join(folder, 'data'));
  await (await openStore(join(folder, 'data', 'moult.sqlite'), { now: () => new Date() })).close();
  const now = new Date();
  const ca = await createOperatorCa({ commonName: 'Test', now });
  const { certificatePem, privateKeyPem } = await createOperatorSigner(ca, { commonName: 'Test', now });
  writeFileSync(join(folder, 'cert.pem'), certificatePem);
  writeFileSync(join(folder, 'key.pem'), privateKeyPem);
  mkdirSync(join(folder, 'machine'));
  execFileSync('mkfifo', [join(folder, 'machine', 'registry.reg')]);
});
after(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function run(args: readonly string[]): Promise<{ code: number; killed: boolean; said: string }> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [moult, ...args],
      { cwd: folder, timeout: longestMs, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        done({ code: error ? Number(error.code) : 0, killed: error?.killed === true, said: stdout + stderr });
      },
    ).stdin?.end();
  });
}

const identity = ['--cert', 'FILE', '--key', 'FILE'];
const document = '00000000-0000-0000-0000-000000000001';
/** FILE is what is no file. */
const commands: string[][] = [
  ...[
    ['cab', 'list', 'FILE'],
    ['cab', 'test', 'FILE'],
    ['cab', 'extract', 'FILE', '--to', 'out'],
  ],
  ...[
    ['cab', 'test', 'good.cab', 'FILE'],
    ['cab', 'create', 'new.cab', 'FILE'],
  ],
  ...[
    ['sign', 'good.cab', ...identity],
    ['sign', 'FILE', '--cert', 'cert.pem', '--key', 'key.pem'],
    ['verify', 'FILE'],
  ],
  ...[
    ['verify', 'good.cab', '--ca', 'FILE'],
    ['verify', 'good.cab', '--tsa-ca', 'FILE'],
  ],
  ...[
    ['catalog', 'import', 'FILE', '--data-dir', 'data'],
    ['catalog', 'list', '--config', 'FILE'],
  ],
  ...[['catalog', 'show', document, '--from', 'FILE']],
  ...[
    ['tree', 'import', 'FILE', '--data-dir', 'data'],
    ['tree', 'verify', '--data-dir', 'data', '--trust', 'FILE'],
  ],
  ...[
    ['publish', 'FILE', '--data-dir', 'data'],
    ['content', 'add', 'FILE', '--data-dir', 'data', '--config', 'FILE'],
  ],
  ...[
    ['doctor', 'logs', 'FILE'],
    ['doctor', 'client', '--registry', 'FILE'],
    ['doctor', 'client', '--log', 'FILE'],
  ],
  ...[
    ['doctor', 'fix', '--undo', 'FILE'],
    ['doctor', 'server', 'http://127.0.0.1:9', '--ca', 'FILE'],
  ],
  ...[
    ['serve', '--config', 'FILE', '--data-dir', 'data'],
    ['computers', 'list', '--config', 'FILE'],
  ],
  ...[
    ['backup', 'new', '--config', 'FILE'],
    ['restore', 'backup', '--config', 'FILE'],
  ],
  [
    'serve',
    '--data-dir',
    'data',
    '--port',
    '0',
    '--self-update-port',
    '0',
    '--tls-port',
    '0',
    '--tls-cert',
    'FILE',
    '--tls-key',
    'FILE',
  ],
  ['agent', 'install', '--server', 'http://127.0.0.1:9', '--root', 'machine', '--operator-cert', 'FILE'],
];

async function refuses(args: readonly string[], words: RegExp): Promise<void> {
  const { code, killed, said } = await run(args);
  assert.ok(!killed, `moult ${args.join(' ')} waited for ever`);
  assert.ok(code === 1 || code === 2, `moult ${args.join(' ')} ended with ${code}: ${said}`);
  assert.match(said, words, `moult ${args.join(' ')}`);
  assert.doesNotMatch(said, /CLI_INTERNAL/, `moult ${args.join(' ')}`);
}

describe('what is no file is refused at once by', { skip: process.platform === 'win32' }, () => {
  for (const command of commands) {
    test(`moult ${command.join(' ')}`, async () => {
      const given = (file: string) => command.map((part) => (part === 'FILE' ? file : part));
      await refuses(given('pipe'), /pipe is a named pipe|pipe is neither/);
      await refuses(given('/dev/zero'), /\/dev\/zero is (a device|neither)/);
    });
  }

  test('every reader alike for sockets, links to devices, circles of links and folders', async () => {
    for (const [file, words] of [
      ['socket', /socket is a socket/],
      ['zero', /zero is a device/],
      ['loop', /loop cannot be read: its links lead in a circle/],
      ['data', /data is a folder/],
    ] as const) {
      await refuses(['verify', file], words);
      await refuses(['cab', 'list', file], words);
      if (file !== 'data') await refuses(['catalog', 'import', file, '--data-dir', 'data'], words);
    }
  });

  test('folders that hold such things are read without them', async () => {
    mkdirSync(join(folder, 'mixed'));
    for (const name of ['metadata.xml', 'wuident.cab', 'urllog.dat', 'a.log']) {
      execFileSync('mkfifo', [join(folder, 'mixed', name)]);
    }
    symlinkSync('..', join(folder, 'mixed', 'up'));
    symlinkSync('/dev/zero', join(folder, 'mixed', 'b.log'));
    for (const command of [
      ['catalog', 'import', 'mixed', '--data-dir', 'data'],
      ['tree', 'import', 'mixed', '--data-dir', 'data'],
      ['content', 'add', 'mixed', '--data-dir', 'data'],
      ['doctor', 'logs', 'mixed'],
      ['doctor', 'client', '--log', 'mixed'],
      ['cab', 'create', 'mixed.cab', 'mixed'],
    ]) {
      const { killed, said } = await run(command);
      assert.ok(!killed, `moult ${command.join(' ')} waited for ever`);
      assert.doesNotMatch(said, /CLI_INTERNAL/, `moult ${command.join(' ')}: ${said}`);
    }
  });

  test('what a manifest, a machine or a publication leads to, too', async () => {
    await refuses(['doctor', 'fix', '--root', 'machine', '--dry-run'], /registry\.reg is a named pipe/);
    const publication = (file: string) =>
      `publisher: Contoso\nproduct: App\ntitle: App 1\nfiles: [${file}, setup.mjs]\ninstall: { program: setup.mjs }\n` +
      'installed-when: { file-exists: { path: /opt/app } }\n';
    writeFileSync(join(folder, 'setup.mjs'), '');
    for (const [name, words] of [
      ['pipe', /pipe.* is not a file/],
      ['zero', /link/],
      ['../outside.key', /outside\.key.*is not used/],
      ['/etc/hostname', /hostname.*is not used/],
    ] as const) {
      writeFileSync(join(folder, 'p.yaml'), publication(name));
      await refuses(['publish', 'p.yaml', '--data-dir', 'data', '--out', 'published'], words);
    }
    assert.ok(!readdirSync(folder).includes('published'));
    cpSync(join(folder, 'good.cab'), join(folder, 'still-works.cab'));
    assert.equal((await run(['cab', 'test', 'still-works.cab'])).code, 0);
  });
});

/** Files of the command and the doctor that read by themselves what nobody names. */
const readsItsOwn: Record<string, string> = {
  'doctor/src/hresult/error-table.ts': 'a table of the program',
  'doctor/src/words/page.ts': 'pages of the program',
  'doctor/src/client/examine.ts': 'what reg.exe has just written to a folder of our own',
  'doctor/src/home/content.ts': 'regular files of the content folder',
  'cli/src/administration/system-user.ts': 'the files of the system about its users',
  'cli/src/bundle/msi.ts': 'what wixl has just written to a folder of our own',
  'cli/src/demo/server.ts': 'the certificate that the demo has just made',
};

test('every other reader in the command and the doctor goes through named-file.ts or @moult/disk', () => {
  const sources = fileURLToPath(new URL('../../..', import.meta.url));
  const readers = globSync(['cli/src/**/*.ts', 'doctor/src/**/*.ts'], { cwd: sources })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !file.endsWith('.test.ts') && !/(^|\/)test\//.test(file))
    .filter((file) => {
      const imported = readFileSync(join(sources, file), 'utf8').matchAll(
        /import \{([^}]*)\} from 'node:fs(?:\/promises)?'/g,
      );
      return [...imported].some(([, names]) =>
        /\b(readFileSync|readFile|createReadStream|copyFileSync|cpSync)\b/.test(names ?? ''),
      );
    });
  const unknown = readers.filter((file) => readsItsOwn[file] === undefined);
  assert.deepEqual(unknown, [], 'open what an argument names with readNamedFile, openNamedFile or streamNamedFile');
});
