// moult doctor self and content ask the server that they are about: a healthy one is called healthy, whatever its port for
// old agents, its content folder and its database are.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startServe } from '../../../server/test/serve-process.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'moult-self-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Told {
  verdict: string;
  findings: { code: string; verdict: string; remedy: string[] }[];
  looked: { what: string }[];
}

function doctor(command: string, dataDir: string): Told {
  const env = { ...process.env, NO_COLOR: '1', MOULT_DATA_DIR: '', MOULT_CONFIG: '' };
  const { stdout, stderr } = spawnSync(process.execPath, [main, 'doctor', command, '--data-dir', dataDir, '--json'], {
    encoding: 'utf8',
    env,
  });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as Told;
}

const failed = ({ findings }: Told) => findings.filter(({ verdict }) => verdict === 'fail').map(({ code }) => code);

describe('a healthy server is healthy to moult doctor self', () => {
  for (const [what, port] of [
    ['its port for old agents off', 'off'],
    ['moved', '0'],
  ] as const) {
    it(`with ${what}, its content folder and database elsewhere`, async () => {
      const dataDir = join(folder, `data-${port}`);
      const [contentDir, database] = [join(folder, `files-${port}`), join(folder, `elsewhere-${port}.sqlite`)];
      mkdirSync(contentDir);
      const server = await startServe([
        '--data-dir',
        dataDir,
        '--self-update-port',
        port,
        '--content-dir',
        contentDir,
        '--database',
        database,
      ]);
      try {
        const self = doctor('self', dataDir);
        assert.deepEqual(failed(self), [], JSON.stringify(self.findings, null, 1));
        assert.ok(
          self.looked.some(({ what: place }) => place.includes('elsewhere')),
          'its real database',
        );
        const content = doctor('content', dataDir);
        assert.deepEqual(failed(content), []);
        assert.ok(
          content.looked.some(({ what: place }) => place === contentDir),
          JSON.stringify(content.looked),
        );
        assert.equal(existsSync(join(dataDir, 'moult.sqlite')), false);
      } finally {
        await server.stop();
      }
    });
  }

  it('and one that does not run is told so, with steps for Moult alone', async () => {
    const dataDir = join(folder, 'data-off');
    const self = doctor('self', dataDir);
    assert.ok(failed(self).includes('DOCTOR_SERVER_NOT_RUNNING'));
    assert.doesNotMatch(JSON.stringify(self.findings), /cscript|wsusutil|NETWORK SERVICE|IIS Manager|sc query/);
  });
});
