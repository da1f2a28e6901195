// The commands of docs/first-update.md are run as written, against a server; the service of docs/install.md is checked.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const command = join(root, 'packages/cli/bin/moult.js');
const scratch = mkdtempSync(join(tmpdir(), 'moult-pages-'));
let server: ChildProcess | undefined;
after(() => {
  server?.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
});

const page = (name: string) => readFileSync(join(root, 'docs', name), 'utf8');

function blocks(name: string, language: string): string[] {
  return [...page(name).matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\`$`, 'gm'))].map(
    ([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}

describe('docs/first-update.md', () => {
  it('takes an update from its file to a computer, with the commands as they are written', async () => {
    const bin = join(scratch, 'bin');
    mkdirSync(bin);
    symlinkSync(command, join(bin, 'moult'));
    const env = {
      ...process.env,
      PATH: [bin, dirname(process.execPath), process.env.PATH].join(delimiter),
      MOULT_DATA_DIR: join(scratch, 'server'),
    };
    const url = await startServer(env);
    const [program = ''] = blocks('first-update.md', 'js');
    const [description = ''] = blocks('first-update.md', 'yaml');
    writeFileSync(join(scratch, 'setup.mjs'), program);
    writeFileSync(join(scratch, 'hello.yaml'), description);
    const output = blocks('first-update.md', 'sh')
      .map((text) => text.replaceAll('http://localhost:8530', url))
      .map((text) =>
        execFileSync('sh', ['-ec', text], {
          cwd: scratch,
          env,
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'inherit'],
        }),
      )
      .join('\n');
    assert.match(output, /^installed +1$/m);
    assert.match(output, /^Hello$/m);
    assert.match(output, /Installed/);
  });
});

describe('docs/install.md', () => {
  it('has a service that systemd accepts, and whose command line the server understands', () => {
    const unit = readFileSync(join(root, 'examples/moult.service'), 'utf8');
    const [, line = ''] = /^ExecStart=(.+)$/m.exec(unit) ?? [];
    const [, ...args] = line.split(' ');
    const config = join(scratch, 'moult.toml');
    const [settings = ''] = blocks('install.md', 'toml');
    writeFileSync(config, settings);
    const typed = args.map((word) => word.replace('/etc/moult/moult.toml', config));
    const shown = execFileSync(process.execPath, [command, ...typed, '--print-config'], { encoding: 'utf8' });
    assert.match(shown, /data-dir = "\/var\/lib\/moult"/);
    const file = join(scratch, 'moult.service');
    writeFileSync(file, unit.replace('/usr/local/bin/moult', command));
    const { status, stderr, error } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    assert.equal(error, undefined);
    assert.deepEqual([status, stderr.split('\n').filter((said) => said.includes('moult.service'))], [0, []]);
  });

  it('names the same settings that the server has', () => {
    for (const text of [...blocks('install.md', 'toml'), ...blocks('tls-and-proxies.md', 'toml')]) {
      const config = join(scratch, 'page.toml');
      writeFileSync(config, text);
      execFileSync(process.execPath, [command, 'serve', '--config', config, '--print-config'], { stdio: 'ignore' });
    }
  });
});

function startServer(env: NodeJS.ProcessEnv): Promise<string> {
  const args = ['serve', '--port', '0', '--self-update-port', '0'];
  const child = spawn(process.execPath, [command, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  server = child;
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (piece) => {
      said += String(piece);
      const url = /ready (http:\S+)/.exec(said)?.[1];
      if (url) resolve(url);
    });
    child.once('close', (code) => reject(new Error(`It ended with ${code}: ${said}`)));
  });
}
