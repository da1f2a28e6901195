import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import type { SigningIdentity } from '@moult/formats/authenticode';
import type { Log } from '@moult/store';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import type { Administration } from '../../open-server.ts';
import { addComputer, createAdministration } from '../../test/administration.ts';
import { addVendorCatalog, approveWithPackages } from '../index.ts';

export const log: Log = { info: () => {}, warn: () => {}, error: () => {} };
export const publishing = 'http://schemas.microsoft.com/wsus/2005/04/CorporatePublishing';
export const payload = Buffer.from('MZ a program of a vendor');
export const idOf = (number: number) => `00000000-0000-4000-8000-0000000005${String(number).padStart(2, '0')}`;

export let folder: string;
export let vendor: Server;
export let address: string;
export let signers: SigningIdentity[];
/** What the vendor's server answers, by path. */
export const answers = new Map<string, { status?: number; headers?: Record<string, string>; body?: Buffer }>();

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-vendors-'));
  vendor = createServer(({ url = '' }, response) => {
    const { status = 200, headers = {}, body = Buffer.alloc(0) } = answers.get(url) ?? { status: 404 };
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
  signers = [];
  for (const name of ['keys-a', 'keys-b']) {
    const { signer } = await loadOrCreateOperatorKeys(join(folder, name), { now: new Date(), isClockBelieved: true });
    signers.push(signer);
  }
});
after(() => {
  vendor.close();
  vendor.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

export interface Parts {
  title?: string;
  rule?: string;
  state?: string;
  file?: Buffer;
  fileName?: string;
  uri?: string;
  more?: string;
  sha256?: string;
}

/** A package for one model, unless `rule` says otherwise. */
export function sdp(number: number, parts: Parts = {}): string {
  const {
    title = `Vendor update ${number}`,
    state = 'Published',
    file = payload,
    fileName = `sp${number}.exe`,
  } = parts;
  const { uri = `${address}/${fileName}`, more = '' } = parts;
  const rule =
    parts.rule ?? `<bar:WmiQuery WqlQuery="select * from Win32_ComputerSystem where Model like '%Book 5%'" />`;
  const digest = createHash('sha1').update(file).digest('base64');
  const further =
    parts.sha256 === undefined ? '' : `<sdp:AdditionalDigest Algorithm="SHA256">${parts.sha256}</sdp:AdditionalDigest>`;
  return (
    `<sdp:SoftwareDistributionPackage xmlns:sdp="${publishing}/SoftwareDistributionPackage.xsd" xmlns:bar="${publishing}/BaseApplicabilityRules.xsd" xmlns:lar="${publishing}/LogicalApplicabilityRules.xsd" xmlns:cmd="${publishing}/Installers/CommandLineInstallation.xsd">` +
    `<sdp:Properties PackageID="${idOf(number)}" VendorName="Example Devices" PublicationState="${state}"><sdp:ProductName>Driver</sdp:ProductName></sdp:Properties>` +
    `<sdp:LocalizedProperties><sdp:Language>en</sdp:Language><sdp:Title>${title}</sdp:Title></sdp:LocalizedProperties>${more}` +
    `<sdp:InstallableItem ID="${idOf(number).replace('4000', '4001')}"><sdp:ApplicabilityRules><sdp:IsInstalled><bar:FileExists Path="a.dll" Csidl="37" /></sdp:IsInstalled><sdp:IsInstallable>${rule}</sdp:IsInstallable></sdp:ApplicabilityRules>` +
    `<sdp:InstallProperties RebootBehavior="AlwaysRequiresReboot" /><cmd:CommandLineInstallerData Program="${fileName}" Arguments="/s"><cmd:ReturnCode Code="0" Result="Succeeded" /></cmd:CommandLineInstallerData>` +
    `<sdp:OriginFile Digest="${digest}" FileName="${fileName}" Size="${file.length}" OriginUri="${uri}">${further}</sdp:OriginFile></sdp:InstallableItem></sdp:SoftwareDistributionPackage>`
  );
}

export function inOneXml(...packages: string[]): string {
  return `<smc:SystemsManagementCatalog xmlns:smc="http://schemas.microsoft.com/sms/2005/04/CorporatePublishing/SystemsManagementCatalog.xsd">${packages.join('')}</smc:SystemsManagementCatalog>`;
}

export function member(name: string, text: string) {
  return { name, bytes: Buffer.from(text), modified: new Date(0) };
}

export function save(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** A server with keys, whose data directory is a new folder; open until the end of the test. */
export async function server(): Promise<Administration & AsyncDisposable> {
  const made = await createAdministration();
  const dataDir = mkdtempSync(join(folder, 'data-'));
  // Making keys takes seconds.
  cpSync(join(folder, 'keys-a/keys'), join(dataDir, 'keys'), { recursive: true });
  return { ...made, server: { ...made.server, dataDir, contentDir: join(dataDir, 'content') } };
}

export const add = (to: Administration, source: string, options: Parameters<typeof addVendorCatalog>[2] = {}) =>
  addVendorCatalog(to, source, { name: 'Example', ...options }, log);

export function approve(
  to: Administration,
  update: string,
  more: { allowAll?: boolean; action?: 'Install' | 'PreDeploymentCheck'; filesFrom?: string } = {},
) {
  const { action = 'Install', ...options } = more;
  return approveWithPackages(to, [update], { action }, { withLog: (work) => work(log), ...options });
}

export async function addModel(to: Administration, number: number, model: string): Promise<void> {
  const computerId = idOf(number);
  await addComputer(to, computerId, `pc${number}`);
  await to.store.registerComputer({
    ...{ computerId, dnsName: `pc${number}`, address: '192.0.2.7', agentVersion: '10', osVersion: '10.0.19045' },
    ...{ osDescription: 'Windows 10 Pro', architecture: 'AMD64', manufacturer: 'Example', model, at: to.author.at },
    registration: {
      osMajorVersion: 10,
      osMinorVersion: 0,
      osBuildNumber: 19045,
      processorArchitecture: 'AMD64',
      computerModel: model,
      osDescription: 'Windows 10 Pro',
    },
  });
}
