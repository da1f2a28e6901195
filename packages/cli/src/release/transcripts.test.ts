// docs/releases.md, run as written: every command of it, with the output that it shows.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encodeKeyFile, generateKey, Repository } from '@moult/releases/repository';
import { run } from '../run.ts';

const page = fileURLToPath(new URL('../../../../docs/releases.md', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'moult-releases-'));
const before = process.cwd();
after(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

/** Commands of the page with the lines below each. */
function transcript(): { command: string; output: string }[] {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^( *)```console\n([\s\S]*?)^ *```$/gm)];
  return blocks.flatMap(([, indent = '', text = '']) => {
    const lines = text.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
    return lines
      .split(/^\$ /m)
      .slice(1)
      .map((one) => {
        const [command = '', ...output] = one.trimEnd().split('\n');
        return { command, output: output.join('\n') };
      });
  });
}

/** What the command printed, in order, both streams. */
async function output(command: string): Promise<string> {
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  const lines: string[] = [];
  const { log, error } = console;
  console.log = console.error = (line = '') => void lines.push(String(line));
  try {
    await run(words.slice(1));
  } finally {
    console.log = log;
    console.error = error;
  }
  process.exitCode = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal.
  return lines.join('\n').replaceAll(/\u001b\[\d+m/g, '');
}

const withoutDigits = (text: string) => text.replaceAll(/\b[0-9a-f]{12,64}\b/g, 'HEX');

describe('docs/releases.md', () => {
  it('shows what the commands print', async () => {
    process.chdir(folder);
    writeFileSync('agent-7.9.0.2.cab', 'the release');
    writeFileSync('agent-7.9.0.3.cab', 'the release');
    writeFileSync('other.cab', 'other bytes');
    writeFileSync('mallory.key', encodeKeyFile(generateKey('mallory')));
    const commands = transcript();
    assert.ok(commands.length > 25);
    for (const { command, output: expected } of commands) {
      let typed = command;
      const away = /sign (\w+)\.json/.exec(command)?.[1];
      if (away) cpSync(join('trust', 'staged', `${away}.json`), `${away}.json`);
      if (command.includes('revoke ') && !command.includes('--online'))
        typed = command.replace(/[0-9a-f]{12}/, bobsKey());
      assert.equal(withoutDigits(await output(typed)), withoutDigits(expected), command);
    }
  });

  it('and JSON of each command is one document', async () => {
    process.chdir(folder);
    for (const command of ['list', 'status', 'publish', 'rehearse']) {
      const text = await output(`moult release ${command} --dir small --json`);
      assert.doesNotThrow(() => JSON.parse(text), command);
    }
    const refused = JSON.parse(await output('moult release init --dir small --json'));
    assert.equal(refused.error.code, 'RELEASE_REPOSITORY_EXISTS');
  });

  it('a release is listed with its deltas, and says how small they are', async () => {
    process.chdir(folder);
    await output('moult release init --dir deltas');
    await output('moult release publish --dir deltas');
    const lines = Array.from({ length: 4000 }, (_, at) => `export const line${at} = ${at * 7919};`).join('\n');
    for (const version of ['7.9.0.2', '7.9.0.3', '7.9.0.4']) writeFileSync(`${version}.mjs`, `// ${version}\n${lines}`);
    const first = await output('moult release add 7.9.0.2.mjs --dir deltas --release-version 7.9.0.2 --publish');
    assert.match(first, /^Delta from nothing: \d+ bytes, \d\d?\.\d %\.\n/);
    const second = await output('moult release add 7.9.0.3.mjs --dir deltas --release-version 7.9.0.3 --publish');
    assert.match(second, /Delta from the program [0-9a-f]{12}: \d{1,3} bytes, 0\.[0-5] %\.\n/);
    const third = await output(
      'moult release add 7.9.0.4.mjs --dir deltas --release-version 7.9.0.4 --delta 0 --publish',
    );
    assert.doesNotMatch(third, /Delta/);
    assert.match(await output('moult release list --dir deltas'), /0-7\.9\.0\.3-any\.from-[0-9a-f]{16}\.zst +delta/);
    const wrong = await output('moult release add 7.9.0.4.mjs --dir deltas --release-version 7.9.0.4 --delta 99');
    assert.match(wrong, /CLI_USAGE.*--delta 99 is not a number from 0 to 30/);
  });

  it('wrong usage is told as such', async () => {
    process.chdir(folder);
    for (const command of [
      'init --dir x --threshold 3 --keys 2',
      'init --dir x --threshold 2',
      'init --dir x --threshold 0 --keys 2',
      'init --dir x --agent-key a.pub',
      'key --owner alice --out alice.key',
      'add agent-7.9.0.2.cab --dir small',
      'add agent-7.9.0.2.cab --dir small --release-version 7.9',
      'add nothing.cab --dir small --release-version 7.9.0.3',
      'sign --dir small',
      'rotate root --dir small',
      'rotate online --dir small --threshold 2',
      'revoke --dir small',
      'revoke 00 --dir small',
    ]) {
      assert.match(await output(`moult release ${command}`), /CLI_USAGE/, command);
    }
    assert.match(await output('moult release status --dir nowhere'), /RELEASE_REPOSITORY_MISSING/);
  });
});

function bobsKey(): string {
  const { roleKeys, keys } = new Repository('trust').keysOf('root') ?? assert.fail();
  return roleKeys.keyids.find((keyid) => keys[keyid]?.['x-moult-owner'] === 'bob')?.slice(0, 12) ?? assert.fail();
}
