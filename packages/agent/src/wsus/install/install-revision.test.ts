// One revision that is installed, or is not: whatever its metadata names is told in one line.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createOperatorCa, createOperatorSigner, type SigningIdentity, signFile } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { updatePurpose } from '@moult/protocol/self-update';
import { machineRoot } from '../../machine/machine-root.ts';
import { outcomeOf } from '../../program/outcome.ts';
import { installRevision } from './install-revision.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-install-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const root = machineRoot(folder);
let ca: SigningIdentity;
let signer: SigningIdentity;
before(async () => {
  const now = new Date();
  ca = await createOperatorCa({ commonName: 'Operator', now });
  signer = await createOperatorSigner(ca, { commonName: 'Operator, code signing', now });
  mkdirSync(root.downloadFolder, { recursive: true });
});

/** Writes a cabinet of these members, signed as an update. */
async function cabinetOf(members: Record<string, string>): Promise<string> {
  const modified = new Date();
  const entries = Object.entries(members).map(([name, text]) => ({ name, bytes: Buffer.from(text), modified }));
  const signed = await signFile(createCabinet(entries), signer, {
    ...{ description: updatePurpose('Test'), now: modified },
  });
  const path = join(root.downloadFolder, 'update.cab');
  writeFileSync(path, signed);
  return path;
}

async function failureOf(program: string, path: string) {
  const handler = {
    ...{ kind: 'command-line', program, arguments: '', rebootByDefault: false, defaultResult: 'Failed' },
    ...{ returnCodes: [{ code: 0, result: 'Succeeded', reboot: false }], windowsInstallerRepairPaths: [] },
  };
  const request = { updateId: '00000000-0000-4000-8000-000000000001', handler, files: [file(path)] } as never;
  const how = { root, operatorCaPem: ca.certificatePem, timeoutMs: 20_000 };
  return installRevision(how, request).then(
    () => undefined,
    (error: unknown) => outcomeOf(error),
  );
}

const file = (path: string) => ({ name: 'update.cab', path, sha256: undefined });

describe('a program of an update', () => {
  it('outside of its files is not run, in whatever spelling, and that is one line', async () => {
    const path = await cabinetOf({ 'setup.mjs': 'process.exit(0)' });
    assert.equal(await failureOf('setup.mjs', path), undefined);
    for (const program of [
      '../../evil.mjs',
      '/bin/sh',
      'C:\\Windows\\System32\\cmd.exe',
      'a\\..\\..\\b',
      '\\\\host\\x',
      '',
    ]) {
      const outcome = await failureOf(program, path);
      assert.equal(outcome?.code, 'AGENT_INSTALL_BAD_CONTENT', program);
      assert.match(
        outcome?.message ?? '',
        /^The program .* (leads out of the files of the update, and is not run|is not among the files of the update)\.$/,
      );
    }
    const missing = await failureOf('other.mjs', path);
    assert.equal(missing?.message, 'The program other.mjs is not among the files of the update.');
  });

  it('whose file is gone from the disk is one line', async () => {
    const path = await cabinetOf({ 'setup.mjs': '' });
    rmSync(path);
    const outcome = await failureOf('setup.mjs', path);
    assert.equal(outcome?.code, 'AGENT_INSTALL_BAD_CONTENT');
    assert.match(outcome?.message ?? '', /^update\.cab is not installed: ENOENT.*$/);
  });
});

it('an error of the system or of a package is its code and its sentence; only a defect has its stack', () => {
  const full = Object.assign(new Error('no space left on device, write'), { code: 'ENOSPC' });
  assert.deepEqual(outcomeOf(full).message, 'ENOSPC: no space left on device, write');
  assert.match(
    outcomeOf(new TypeError('x is not a function')).message,
    /^Unexpected failure: TypeError: x[\s\S]*\n\s+at /,
  );
});
