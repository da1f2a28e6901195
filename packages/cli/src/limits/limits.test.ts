import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'moult-limits-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const config = join(folder, 'moult.toml');
writeFileSync(config, 'max-computers = 1000\n\n[limits]\n"xml.max-depth" = 200\n"cabinet.max-total-bytes" = "1 GiB"\n');
const deep = join(folder, 'deep.xml');
writeFileSync(deep, `${'<a>'.repeat(20)}${'</a>'.repeat(20)}`);

interface Line {
  name: string;
  value: string;
  origin: string;
}

function moult(args: string[], environment: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH, ...environment },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function listed(args: string[], environment: Record<string, string> = {}): (name: string) => unknown {
  const { status, stdout, stderr } = moult(['limits', '--json', ...args], environment);
  assert.equal(status, 0, stderr);
  const { items: lines } = JSON.parse(stdout) as { items: Line[] };
  return (name) => {
    const { value, origin } = lines.find((line) => line.name === name) ?? assert.fail(`no ${name}`);
    return [value, origin];
  };
}

describe('moult limits', () => {
  it('lists each limit with its value and where it is from: flag, then environment, then file, then default', () => {
    const environment = { MOULT_LIMIT_XML_MAX_DEPTH: '150', MOULT_LIMIT_XML_MAX_ELEMENTS: '5000' };
    const of = listed(
      ['--config', config, '--set-limit', 'xml.max-depth=120', '--set-limit', 'ping.max-characters=512'],
      environment,
    );
    assert.deepEqual(of('xml.max-depth'), ['120', 'flag']);
    assert.deepEqual(of('ping.max-characters'), ['512', 'flag']);
    assert.deepEqual(of('xml.max-elements'), ['5,000', 'environment']);
    assert.deepEqual(of('cabinet.max-total-bytes'), ['1 GiB', 'file']);
    assert.deepEqual(of('xml.max-attributes-per-element'), ['256', 'default']);
    assert.deepEqual(of('--max-computers'), ['1,000', 'file']);
    assert.deepEqual(of('--cookie-minutes'), ['60', 'default']);
  });

  it('finds the file in MOULT_CONFIG, and people get a table', () => {
    assert.deepEqual(listed([], { MOULT_CONFIG: config })('xml.max-depth'), ['200', 'file']);
    const { stdout } = moult(['limits']);
    assert.match(stdout, /^LIMIT +VALUE +FROM +DEFAULT +MAY BE +BOUNDS$/m);
    assert.match(stdout, /^xml\.max-depth +128 +default +128 +16 to 4,096 +Depth of the elements of an XML document$/m);
  });
});

describe('a limit that cannot be', () => {
  const file = (text: string) => {
    const path = join(folder, `wrong-${text.length}.toml`);
    writeFileSync(path, text);
    return path;
  };

  it('ends each command with exit code 2, and the message says where it is', () => {
    const cases: [string[], Record<string, string>, RegExp][] = [
      [['limits', '--set-limit', 'xml.depth=3'], {}, /BOUND_UNKNOWN: --set-limit sets "xml\.depth"/],
      [['limits', '--set-limit', 'xml.max-depth'], {}, /--set-limit "xml\.max-depth" is not NAME=VALUE/],
      [['verify', deep, '--set-limit', 'xml.max-depth=3'], {}, /BOUND_BAD_VALUE: --set-limit .* from 16 to 4,096/],
      [['cab', 'list', deep], { MOULT_LIMIT_XML_MAX_DEPTH: 'many' }, /MOULT_LIMIT_XML_MAX_DEPTH sets xml\.max-depth/],
      [['status'], { MOULT_LIMIT_FOO: '1' }, /BOUND_UNKNOWN: MOULT_LIMIT_FOO/],
      [
        ['serve', '--config', file('[limits]\n"xml.max-depth" = 1.5')],
        {},
        /\[limits\] in .*\.toml sets xml\.max-depth to 1\.5/,
      ],
      [['serve', '--config', file('[limits.xml]\nmax-depth = 200')], {}, /\[limits\] in .* sets "xml"/],
      [['status', '--config', file('limits = 3')], {}, /limits, which must be a table/],
      [
        ['serve', '--config', file('[limits]\n"file.max-outside-bytes" = 2000000')],
        {},
        /BOUND_TOO_LATE: .*MOULT_LIMIT_FILE_MAX_OUTSIDE_BYTES/,
      ],
    ];
    for (const [args, environment, message] of cases) {
      const { status, stderr } = moult(args, environment);
      assert.match(stderr, message);
      assert.equal(status, 2, args.join(' '));
    }
  });
});

describe('a limit of a command', () => {
  it('is in force in it: the same cabinet is read, and refused', () => {
    const cabinet = join(folder, 'two.cab');
    assert.equal(moult(['cab', 'create', cabinet, deep, config]).status, 0);
    assert.equal(moult(['cab', 'list', cabinet]).status, 0);
    const refused = moult(['cab', 'list', cabinet, '--set-limit', 'cabinet.max-members=1']);
    assert.deepEqual(
      [refused.status, /FORMAT_OVER_LIMIT: .*2 members; the limit is 1/.test(refused.stderr)],
      [1, true],
    );
    const named = moult(['cab', 'list', cabinet], { MOULT_LIMIT_CABINET_MAX_MEMBERS: '1' });
    assert.match(named.stderr, /the limit is 1/);
  });
});
