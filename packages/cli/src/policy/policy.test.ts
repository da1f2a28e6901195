// moult policy: what it makes is read by others (libxml2 with the schema of MS-GPREG, the agent itself), and read again.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { auKey, exportPolicy, type PolicyFormat, pointingKeys, trustSettings } from '@moult/administration/policy';
import { machineRoot, policyValueByName, readAgentPolicy } from '@moult/agent';
import { createOperatorCa, createOperatorSigner } from '@moult/formats/authenticode';
import { encodePolicyFile, encodeRegistryChanges, parsePolicyFile } from '@moult/formats/registry';
import { readPolicyFile } from './read-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-cli-policy-'));
after(() => rmSync(folder, { recursive: true }));
const moult = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
const pointingNames = Object.keys(pointingKeys);
const schemas = fileURLToPath(new URL('../../../../fixtures/admx/', import.meta.url));

const server = 'http://updates.example.com:8530';
const group = "Büro & <Lager>; O'Neill ’";
const now = new Date('2026-12-01T18:00:00Z');
let guids = 0;

function made(format: PolicyFormat, { isUndo = false, named = true } = {}) {
  const newGuid = () => `00000000-0000-4000-8000-${String(++guids).padStart(12, '0')}`;
  return exportPolicy(format, { server, group: named ? group : undefined }, { isUndo, now, newGuid });
}

function onDisk(format: PolicyFormat): string {
  const target = mkdtempSync(join(folder, `${format}-`));
  for (const { name, bytes } of made(format)) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    writeFileSync(join(target, name), bytes);
  }
  return target;
}

function only(format: PolicyFormat, isUndo = false): Uint8Array {
  const [file, ...others] = made(format, { isUndo });
  assert.deepEqual(others, []);
  return file?.bytes ?? new Uint8Array();
}

/** What the agent takes from a machine: the policy by Group Policy, by its registry, or both. */
function agentSees(files: { pol?: Uint8Array; reg?: Uint8Array }): Record<string, unknown> {
  const root = machineRoot(mkdtempSync(join(folder, 'machine-')));
  if (files.reg) writeFileSync(root.registryFile ?? '', files.reg);
  if (files.pol) {
    mkdirSync(dirname(root.groupPolicyFile), { recursive: true });
    writeFileSync(root.groupPolicyFile, files.pol);
  }
  const { values } = readAgentPolicy(root);
  const told = values.filter(({ name }) => pointingNames.includes(name));
  return Object.fromEntries(
    told.map(({ name, value, idleBecause }) => [name, idleBecause === '' ? value : idleBecause]),
  );
}

const pointed = { WUServer: server, WUStatusServer: server, UseWUServer: 1, TargetGroup: group, TargetGroupEnabled: 1 };
const away = {
  WUServer: undefined,
  WUStatusServer: undefined,
  UseWUServer: 0,
  TargetGroup: undefined,
  TargetGroupEnabled: 0,
};

describe('an exported policy', () => {
  it('as .reg and as Registry.pol points the agent at the server, and its undo takes that back', () => {
    assert.deepEqual(agentSees({ reg: only('reg') }), pointed);
    assert.deepEqual(agentSees({ pol: only('pol') }), pointed);
    assert.deepEqual(agentSees({ reg: only('reg', true) }), away);
    // Group Policy removes what the registry has.
    assert.deepEqual(agentSees({ reg: only('reg'), pol: only('pol', true) }), away);
  });

  it('has each value below the key that the agent knows for it', () => {
    for (const [name, key] of Object.entries(pointingKeys))
      assert.equal(policyValueByName.get(name.toLowerCase())?.key, key === auKey ? 'au' : 'policy', name);
  });

  it('says nothing of a group when none is named', () => {
    const [file] = made('pol', { named: false });
    const names = parsePolicyFile(file?.bytes ?? new Uint8Array()).map(({ name }) => name);
    assert.deepEqual(names, ['WUServer', 'WUStatusServer', 'UseWUServer']);
  });

  it('as a template is valid by the schema of MS-GPREG, and every word it names is there', () => {
    const target = onDisk('admx');
    // As printed, the schema has another namespace than the files of Windows, and escapes a letter that needs none.
    const local = mkdtempSync(join(folder, 'schema-'));
    cpSync(schemas, local, { recursive: true });
    for (const name of readdirSync(local)) {
      const text = readFileSync(join(local, name), 'utf8');
      const real = 'http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions';
      writeFileSync(
        join(local, name),
        text.replaceAll('http://www.microsoft.com/GroupPolicy/PolicyDefinitions', real).replaceAll('\\$', '$'),
      );
    }
    for (const name of ['moult.admx', 'en-US/moult.adml']) {
      const schema = join(local, 'PolicyDefinitionFiles.xsd');
      const checked = spawnSync('xmllint', ['--noout', '--nonet', '--schema', schema, join(target, name)], {
        encoding: 'utf8',
      });
      assert.deepEqual([checked.status, checked.stderr.trim()], [0, `${join(target, name)} validates`]);
    }
    const template = readFileSync(join(target, 'moult.admx'), 'utf8');
    const wrong = join(local, 'wrong.admx');
    writeFileSync(wrong, template.replaceAll(/ key="[^"]*" valueName="TargetGroupEnabled"/g, ''));
    const refused = spawnSync('xmllint', ['--noout', '--schema', join(local, 'PolicyDefinitionFiles.xsd'), wrong]);
    assert.equal(refused.status, 3, 'the schema tells a wrong template from a right one');
    const words = readFileSync(join(target, 'en-US/moult.adml'), 'utf8');
    for (const [, kind = '', id = ''] of template.matchAll(/\$\((string|presentation)\.(\w+)\)/g))
      assert.ok(words.includes(`<${kind} id="${id}">`), `${kind} ${id}`);
    for (const [, id = ''] of template.matchAll(/<text id="(\w+)"/g)) assert.ok(words.includes(`refId="${id}"`), id);
    const read = (xpath: string) =>
      execFileSync('xmllint', ['--xpath', xpath, join(target, 'en-US/moult.adml')], { encoding: 'utf8' }).trim();
    assert.equal(read("string((//*[local-name()='defaultValue'])[1])"), server);
    assert.equal(read("string((//*[local-name()='defaultValue'])[3])"), group);
  });

  it('as a backup of a Group Policy object holds the same Registry.pol, and well-formed descriptions', () => {
    const target = onDisk('gpo');
    const backup = readdirSync(target).find((name) => name.startsWith('{')) ?? '';
    const policy = readFileSync(join(target, backup, 'DomainSysvol', 'GPO', 'Machine', 'registry.pol'));
    assert.deepEqual(policy, Buffer.from(only('pol')));
    const read = (file: string, xpath: string) =>
      execFileSync('xmllint', ['--nonet', '--xpath', xpath, join(target, file)], { encoding: 'utf8' }).trim();
    for (const file of ['manifest.xml', `${backup}/bkupInfo.xml`]) {
      assert.equal(read(file, "string(//*[local-name()='ID'])"), backup);
      assert.equal(read(file, "string(//*[local-name()='BackupTime'])"), '2026-12-01T18:00:00');
    }
    const extension = "string(//*[local-name()='FSObjectFile']/@*[local-name()='Location'])";
    assert.equal(read(`${backup}/Backup.xml`, extension), 'DomainSysvol\\GPO\\Machine\\registry.pol');
  });

  it('as a profile of device management sets the one address there is', () => {
    const profile = JSON.parse(Buffer.from(only('intune')).toString());
    assert.deepEqual(
      profile.omaSettings.map((one: Record<string, string>) => [one['@odata.type'], one.omaUri, one.value]),
      [['#microsoft.graph.omaSettingString', './Device/Vendor/MSFT/Policy/Config/Update/UpdateServiceUrl', server]],
    );
  });

  it('as a script has every text in quotes that nothing in it can end', () => {
    const script = Buffer.from(only('ps1')).toString('utf8');
    assert.ok(script.startsWith('\ufeff'));
    assert.ok(script.includes("-Name TargetGroup -PropertyType String -Value 'Büro & <Lager>; O''Neill ’’' -Force"));
    for (const line of script.split('\r\n')) {
      const outside = line.replace(/'(?:[^'\u2018-\u201b]|['\u2018-\u201b]{2})*'/g, '');
      assert.doesNotMatch(outside, /['\u2018-\u201b&<]/, line);
    }
  });
});

describe('moult policy', () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [moult, 'policy', ...args], { encoding: 'utf8' });

  it('writes files into a folder, and reads them again', () => {
    const out = join(folder, 'out');
    const exported = run('export', '--server', `${server}/`, '--group', group, '--format', 'pol', '--out', out);
    assert.deepEqual([exported.status, exported.stdout], [0, `${join(out, 'Registry.pol')}\n`], exported.stderr);
    const { status, stdout } = run('read', join(out, 'Registry.pol'));
    assert.equal(status, 0);
    assert.match(
      stdout,
      /^SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\\WUServer {2}REG_SZ {2}http:\/\/updates\.example\.com:8530\n/,
    );
  });

  it('wants a folder for forms of several files, and says what it cannot make', () => {
    assert.match(
      run('export', '--server', server, '--format', 'gpo').stderr,
      /several files: name a folder with --out/,
    );
    assert.equal(run('export', '--server', server, '--format', 'admx', '--undo', '--out', folder).status, 2);
    assert.equal(run('export', '--server', 'ftp://x').status, 2);
    assert.match(
      run('export', '--server', server, '--group', 'x', '--format', 'intune').stderr,
      /no node for the group/,
    );
  });

  it('tells what is wrong in a file, and refuses what is none', () => {
    const key = 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate';
    const reg = encodeRegistryChanges([
      { key, name: 'UseWUServer', value: { type: 'REG_DWORD', data: 1 } },
      { key: `${key}\\AU`, name: 'AUOptions', value: { type: 'REG_DWORD', data: 9 } },
      { key: `${key}\\AU`, name: 'UseWuSrv', value: { type: 'REG_DWORD', data: 1 } },
      { key: 'HKLM\\SOFTWARE\\Other', name: 'x', value: { type: 'REG_DWORD', data: 1 } },
    ]);
    const faults = readPolicyFile(reg, 'x.reg').map(({ fault }) => fault);
    assert.deepEqual(faults, [
      'it counts only below SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\\AU',
      'it may not have this data',
      'Windows has no such policy value',
      '',
    ]);
    const file = join(folder, 'wrong.reg');
    writeFileSync(file, reg);
    assert.equal(run('read', file).status, 1);
    for (const bytes of [Buffer.from('PReg\x02\0\0\0'), Buffer.from('hello'), encodePolicyFile([]).subarray(0, 6)]) {
      writeFileSync(file, bytes);
      const { status, stderr } = run('read', file);
      assert.equal(status, 2);
      assert.match(stderr, /is neither a Registry\.pol nor a \.reg file: /);
    }
  });
});

describe('moult policy read', () => {
  const run = (file: string) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [moult, 'policy', 'read', file], {
      encoding: 'utf8',
    });
    return { status, said: (stdout + stderr).trimEnd().split('\n') };
  };
  const written = (name: string, bytes: Uint8Array | string) => {
    const file = join(folder, name);
    writeFileSync(file, bytes);
    return file;
  };
  const key = `HKEY_LOCAL_MACHINE\\${auKey}`;

  it('shows what a .reg file removes, in the order of the file', () => {
    const text = `REGEDIT4\n[-${key}]\n[${key}]\n"AUOptions"=dword:4\n"UseWUServer"=-\n"Nonsense"=-\n"WUServer"=-\n`;
    assert.deepEqual(
      readPolicyFile(Buffer.from(text), 'x.reg').map(({ name, type, data, fault }) => [name, type, data, fault]),
      [
        ['', 'key removed', '', ''],
        ['AUOptions', 'REG_DWORD', 4, ''],
        ['UseWUServer', 'removed', '', ''],
        ['Nonsense', 'removed', '', 'Windows has no such policy value'],
        ['WUServer', 'removed', '', 'it counts only below SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate'],
      ],
    );
    const { status, said } = run(written('undo.reg', only('reg', true)));
    assert.deepEqual([status, said.length, said[2]], [0, 5, `${key}\\UseWUServer  removed`]);
  });

  it('finds the values in the folder of a backup of Group Policy', () => {
    const { status, said } = run(onDisk('gpo'));
    assert.deepEqual([status, said.length, said[2]], [0, 5, `${auKey}\\UseWUServer  REG_DWORD  1`]);
    assert.match(run(folder).said[0] ?? '', /is a folder, and not one backup of Group Policy/);
  });

  it('reads a profile of device management and a policy.json', () => {
    const profile = written('profile.json', only('intune'));
    const node = './Device/Vendor/MSFT/Policy/Config/Update';
    assert.deepEqual(run(profile), { status: 0, said: [`${node}/UpdateServiceUrl  text  ${server}`] });
    const settings = [
      { omaUri: `${node}/AllowAutoUpdate`, value: 6 },
      { omaUri: `${node}/TargetReleaseVersion`, value: '24H2' },
      { omaUri: `${node}/TargetGroup`, value: 'x' },
      { omaUri: './Device/Vendor/MSFT/Other', value: true },
    ];
    const faults = readPolicyFile(Buffer.from(JSON.stringify({ omaSettings: settings })), 'x').map(
      ({ fault }) => fault,
    );
    assert.deepEqual(faults, ['it may not have this data', '', 'it stands for no value of the update policy', '']);
    const config = JSON.stringify({ WUServer: server, auoptions: 9, Nonsense: 1 });
    assert.deepEqual(
      readPolicyFile(Buffer.from(`\ufeff${config}`), 'x').map(({ name, fault }) => [name, fault]),
      [
        ['WUServer', ''],
        ['auoptions', 'it may not have this data'],
        ['Nonsense', 'Windows has no such policy value'],
      ],
    );
  });

  it('says of other files why they hold no values', () => {
    const faults: [string, Uint8Array | string, RegExp][] = [
      ['x.admx', made('admx')[0]?.bytes ?? '', /holds no values of the policy: it is a template/],
      ['manifest.xml', made('gpo')[0]?.bytes ?? '', /in registry\.pol: name the folder of the backup/],
      ['x.pol', Buffer.from('PReg\x01\0\0\0['), /^x\.pol cannot be read: This Registry\.pol is damaged/],
      ['x.json', '{"a":', /is not a policy: it is not one JSON object/],
      ['y.json', '{"omaSettings":[null]}', /a setting of it has no omaUri/],
    ];
    for (const [name, bytes, said] of faults)
      assert.throws(() => readPolicyFile(Buffer.from(bytes), name), { message: said });
  });
});

describe('the policy that accepts updates of the operator', () => {
  it('brings the authority to the roots and the signer to the publishers, and takes them back', async () => {
    const ca = await createOperatorCa({ commonName: 'Operator', now });
    const signer = await createOperatorSigner(ca, { commonName: 'Signer', now });
    const pem = [ca, signer].map(({ certificatePem }, at) => ({ name: `${at}`, bytes: Buffer.from(certificatePem) }));
    const trust = trustSettings(pem);
    const thumbprints = pem.map(({ bytes }) => new X509Certificate(bytes).fingerprint.replaceAll(':', ''));
    const keys = ['Root', 'TrustedPublisher'].map(
      (store, at) => `SOFTWARE\\Policies\\Microsoft\\SystemCertificates\\${store}\\Certificates\\${thumbprints[at]}`,
    );
    const exported = (format: PolicyFormat, isUndo: boolean) => {
      const [file] = exportPolicy(format, { server, group: undefined }, { isUndo, now, newGuid: () => '', trust });
      return Buffer.from(file?.bytes ?? []);
    };
    const values = parsePolicyFile(exported('pol', false));
    const blobs = values.filter(({ name }) => name === 'Blob');
    assert.deepEqual(
      blobs.map(({ key }) => key),
      keys,
    );
    for (const [at, { value }] of blobs.entries()) {
      const blob = Buffer.from(value.type === 'REG_BINARY' ? value.data : []);
      assert.equal(blob.subarray(0, 12).toString('hex'), '030000000100000014000000');
      assert.equal(blob.subarray(12, 32).toString('hex').toUpperCase(), thumbprints[at]);
      assert.deepEqual(new X509Certificate(blob.subarray(44)).fingerprint.replaceAll(':', ''), thumbprints[at]);
    }
    assert.deepEqual(
      values.filter(({ name }) => name === 'AcceptTrustedPublisherCerts').map(({ value }) => value),
      [{ type: 'REG_DWORD', data: 1 }],
    );
    assert.match(exported('reg', false).toString('utf16le'), /"Blob"=hex:03,00,00,00,01,00,00,00,14/);
    assert.match(
      exported('ps1', false).toString(),
      /-Name Blob -PropertyType Binary -Value \(\[byte\[\]\]\(3,0,0,0,1,/,
    );
    assert.match(exported('reg', true).toString('utf16le'), /"Blob"=-/);
    assert.throws(() => trustSettings([{ name: 'x.pem', bytes: Buffer.from('x') }]), /x\.pem is not a certificate/);
  });
});
