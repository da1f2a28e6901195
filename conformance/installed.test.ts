// What ships, installed on machines that have nothing of Node: the Debian package under the real systemd, and the npm package
// in an empty folder. The story of the Debian package is a script, so that anybody can run it on a machine of theirs.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { type BootedMachine, makeBootedMachine, whyNoBoot } from '../packages/agent/test/boot-lab.ts';
import { makePackages } from '../scripts/package.ts';

const story = fileURLToPath(new URL('installed/story.sh', import.meta.url));
const quick = { isBuilt: true, level: 1, say: () => undefined };
const root = fileURLToPath(new URL('..', import.meta.url));

describe('what npm run package makes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-installed-'));
  let npmPackage = '';
  let debian = '';

  before(async () => {
    const files = await makePackages(join(folder, 'out'), quick);
    const named = (end: string) => files.find((file) => file.endsWith(end)) ?? '';
    [npmPackage, debian] = [named('.tgz'), named('.deb')];
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is the same a second time, byte for byte, and its digests fit', async () => {
    const again = await makePackages(join(folder, 'again'), quick);
    const sums = again.find((file) => file.endsWith('SHA256SUMS')) ?? '';
    assert.equal(readFileSync(sums, 'utf8'), readFileSync(join(folder, 'out/SHA256SUMS'), 'utf8'));
    const checked = spawnSync('sha256sum', ['--check', 'SHA256SUMS'], { cwd: join(folder, 'out'), encoding: 'utf8' });
    assert.equal(checked.status, 0, checked.stdout);
    rmSync(join(folder, 'again'), { recursive: true });
  });

  it('has a bill of materials that its schema accepts, with a licence for each package', async () => {
    const text = readFileSync(join(root, 'sbom.cdx.json'), 'utf8');
    assert.equal(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text), null);
    const { components } = JSON.parse(text);
    assert.ok(components.length > 20);
    const notices = readFileSync(join(root, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
    for (const { name, version, licenses } of components) {
      assert.ok(licenses?.length > 0, `${name} has no licence`);
      assert.ok(notices.includes(`${name} ${version}\nLicence: `), `${name} has no notice`);
    }
  });

  it('installs with npm alone: moult is on the path, needs no other package, and serves', async () => {
    const prefix = join(folder, 'npm');
    const npm = spawnSync('npm', ['install', '--global', '--offline', '--prefix', prefix, npmPackage], {
      encoding: 'utf8',
    });
    assert.equal(npm.status, 0, npm.stderr);
    assert.doesNotMatch(npm.stderr, /warn/i);
    const { stdout: size } = spawnSync('du', ['-sm', prefix], { encoding: 'utf8' });
    assert.ok(Number.parseInt(size, 10) < 60, `${size} MB`);
    const moult = join(prefix, 'bin/moult');
    const { MOULT_BUNDLE: _, ...env } = process.env;
    const version = spawnSync(moult, ['--version'], { encoding: 'utf8', env, cwd: folder });
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
    const client = "console.log(typeof (await import('moult/client')).connect)";
    const beside = { cwd: join(prefix, 'lib/node_modules/moult'), encoding: 'utf8' } as const;
    assert.equal(spawnSync(process.execPath, ['--input-type=module', '-e', client], beside).stdout, 'function\n');
    // Threads of the store and of the signer, documents, contracts, the console: what is read while it runs.
    await servesFrom(moult, env);
  });

  async function servesFrom(moult: string, env: NodeJS.ProcessEnv): Promise<void> {
    const args = [
      '--data-dir',
      join(folder, 'served'),
      '--port',
      '0',
      '--self-update-port',
      'off',
      '--tls-port',
      'off',
    ];
    const server = spawn(moult, ['serve', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      const address = await new Promise<string>((resolve, reject) => {
        let said = '';
        for (const stream of [server.stdout, server.stderr])
          stream.on('data', (piece) => {
            said += piece;
            const found = /ready (\S+)/.exec(said)?.[1];
            if (found) resolve(found);
          });
        server.once('exit', () => reject(new Error(said)));
      });
      for (const path of ['/', '/console/', '/docs/', '/ClientWebService/client.asmx?wsdl', '/api/v1/openapi.json']) {
        const { status } = await fetch(new URL(path, address));
        assert.equal(status, 200, path);
      }
      const self = spawnSync(moult, ['doctor', 'server', address], { encoding: 'utf8', env });
      // Port 80 is not this server's here. The words of what follows are files of the package.
      assert.match(self.stdout, /Looked at/, self.stderr);
    } finally {
      server.kill();
      await new Promise((resolve) => server.once('exit', resolve));
    }
  }

  describe('on a Debian machine with systemd', { skip: whyNoBoot() || false }, () => {
    let machine: BootedMachine;
    before(async () => {
      machine = makeBootedMachine(join(folder, 'machine'));
      await machine.boot();
      machine.run('systemctl', 'start', 'systemd-journald.socket', 'systemd-journald');
    });
    after(() => machine?.close());

    it('is installed, set up, used over HTTPS, survives, is installed again and is removed', async () => {
      const at = join(machine.changes, 'package');
      mkdirSync(at);
      copyFileSync(debian, join(at, 'moult.deb'));
      cpSync(story, join(at, 'story.sh'));
      const ports = await Promise.all([freePort(), freePort()]);
      const { code, out, err } = await machine.serve('sh', '/package/story.sh', '/package/moult.deb', ...ports);
      assert.equal(code, 0, `${out}\n${err}`);
      assert.match(out, /all steps hold\n$/);
    });

    it('has a unit that systemd rates as well confined', () => {
      const unit = join(folder, 'moult.service');
      const data = spawnSync('dpkg-deb', ['-x', debian, join(folder, 'data')], { encoding: 'utf8' });
      assert.equal(data.status, 0, data.stderr);
      copyFileSync(join(folder, 'data/usr/lib/systemd/system/moult.service'), unit);
      const rated = spawnSync('systemd-analyze', ['security', '--offline=yes', '--threshold=30', unit], {
        encoding: 'utf8',
      });
      assert.equal(rated.status, 0, rated.stdout + rated.stderr);
      assert.ok(statSync(join(folder, 'data/usr/share/man/man1/moult.1.gz')).size > 1000);
    });
  });
});

async function freePort(): Promise<string> {
  await using server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `${address.port}`;
}
