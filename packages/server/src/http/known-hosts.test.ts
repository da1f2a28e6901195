import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { createKnownHosts, isLoopbackHost, machineNames, namesInCertificate } from './known-hosts.ts';

const nothing = { host: undefined, allowed: undefined, machine: [], certificate: [] };

it('this machine is known by its own name, with and without its domains', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-hosts-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'resolv.conf');
  writeFileSync(
    file,
    '# search no.example\nnameserver 192.0.2.1\nsearch corp.example  lab.example\ndomain x.example\n',
  );
  const names = machineNames('Wsus01.own.example', file);
  assert.deepEqual(
    names.filter((name) => name !== `Wsus01.${process.env.USERDNSDOMAIN}`),
    ['Wsus01.own.example', 'Wsus01', 'Wsus01.corp.example', 'Wsus01.lab.example', 'Wsus01.x.example'],
  );
  const hosts = createKnownHosts({ ...nothing, machine: names });
  for (const host of ['wsus01', 'WSUS01.CORP.example:8530', 'wsus01.own.example.']) assert.ok(hosts.knows(host), host);
  for (const host of ['wsus01.evil.example', 'corp.example', 'wsus02']) assert.ok(!hosts.knows(host), host);
  assert.deepEqual(machineNames('alone', join(folder, 'none')).slice(0, 2), ['alone', 'alone']);
});

it('--host, --allowed-hosts and the certificate add names; * takes any', () => {
  const hosts = createKnownHosts({
    ...nothing,
    host: 'a.example',
    allowed: 'b.example , *.c.example',
    certificate: ['*.d.example'],
  });
  for (const host of ['a.example', 'b.example', 'x.c.example', 'y.x.c.example', 'x.d.example'])
    assert.ok(hosts.knows(host), host);
  for (const host of ['x.a.example', 'c.example', '.c.example', 'evilc.example']) assert.ok(!hosts.knows(host), host);
  assert.ok(createKnownHosts({ ...nothing, allowed: '*' }).knows('any.example'));
  assert.deepEqual(namesInCertificate('/nowhere'), []);
  assert.deepEqual(namesInCertificate(undefined), []);
});

it('addresses are no names that somebody else could let lead here', () => {
  const hosts = createKnownHosts(nothing);
  for (const host of [
    undefined,
    '192.0.2.1',
    '10.0.0.1:8530',
    '[2001:db8::1]:8530',
    '[::1]',
    'localhost',
    'a.localhost:1',
  ]) {
    assert.ok(hosts.knows(host), host);
  }
  for (const host of [
    '',
    '1.2.3',
    '1.2.3.4.evil.example',
    'user@localhost',
    'localhost/x',
    '[::1',
    'a b',
    'localhost:',
  ]) {
    assert.ok(!hosts.knows(host), host);
  }
});

it('loopback is what leads to this machine and nowhere else', () => {
  for (const host of ['localhost', 'x.localhost', '127.0.0.1', '127.1.2.3:80', '[::1]:80'])
    assert.ok(isLoopbackHost(host), host);
  for (const host of [
    'notlocalhost',
    'localhost.example',
    '127.0.0.1.example',
    '0.0.0.0',
    '128.0.0.1',
    '127.0.0.256',
  ]) {
    assert.ok(!isLoopbackHost(host), host);
  }
});
