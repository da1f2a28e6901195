// The service host for Windows: whoever builds it gets the same program. What it does is shown under Wine
// (packages/cli/test/windows-bundle.test.ts).
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { buildServiceHost, serviceHostCompiler } from './build-service-host.ts';

it('the service host is the same program each time, for x64 and without a time of day', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-service-host-'));
  try {
    const files = ['one', 'two/other'].map((name) => join(folder, `${name}.exe`));
    mkdirSync(join(folder, 'two'));
    const [one, other] = files.map((file) => {
      assert.equal(buildServiceHost(file), '');
      return readFileSync(file);
    });
    assert.ok(one && other?.equals(one));
    const header = one.readUInt32LE(0x3c);
    assert.deepEqual([one.toString('latin1', 0, 2), one.readUInt16LE(header + 4)], ['MZ', 0x8664]);
    assert.equal(one.readUInt32LE(header + 8), 0, 'its time');
    // IMAGE_SUBSYSTEM_WINDOWS_GUI: a service has no window of a console.
    assert.equal(one.readUInt16LE(header + 24 + 68), 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('without a compiler nothing is left in its place, and the package to install is named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-service-host-'));
  const { PATH } = process.env;
  try {
    process.env.PATH = folder;
    assert.match(
      buildServiceHost(join(folder, 'x', 'host.exe')),
      new RegExp(`^${serviceHostCompiler} .*gcc-mingw-w64`),
    );
    assert.deepEqual(readdirSync(join(folder, 'x')), []);
  } finally {
    process.env.PATH = PATH;
    rmSync(folder, { recursive: true });
  }
});
