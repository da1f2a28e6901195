// The source of a Windows Installer package, in the part of WiX 3 that wixl reads.

import { escapeXml } from '@moult/formats/text';
import { type BundleContents, bundleVersion, windowsFolder } from '@moult/releases/bundle';
import { ReleaseError } from '@moult/releases/errors';
import { guidOf } from './guid.ts';

/**
 * `names`: the files, each below a folder that is called as the brand's id. `identity`: changes with their bytes.
 * Throws RELEASE_BUNDLE_UNMADE for a server or group that an MSI cannot hold as it is.
 */
export function installerSource(contents: BundleContents, names: readonly string[], identity: string): string {
  const { brand, server = '', group = '' } = contents;
  for (const value of [server, group]) requirePlain(value);
  const root: Folder = { files: [], folders: new Map() };
  for (const name of names) place(root, name.split('/').slice(1), name);
  const [vendor = '', folder = ''] = windowsFolder(brand).split('\\');
  const writer = new Writer();
  const tree = writer.folder(root, brand.id, 8);
  return `<?xml version="1.0" encoding="utf-8"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
  <Product Id="${guidOf(`product ${identity}`)}" UpgradeCode="${guidOf(`upgrade ${brand.id}`)}" Name="${escapeXml(brand.name)}" Manufacturer="${escapeXml(brand.vendor)}" Version="${installerVersion(bundleVersion(contents))}" Language="1033">
    <Package InstallerVersion="200" Compressed="yes" InstallScope="perMachine" Description="${escapeXml(brand.name)}" Manufacturer="${escapeXml(brand.vendor)}" />
    <Media Id="1" Cabinet="agent.cab" EmbedCab="yes" />
    <MajorUpgrade DowngradeErrorMessage="A newer version is installed already. Remove it first." />
    <Property Id="SERVER" Value="${escapeXml(server || none)}" />
    <Property Id="GROUP" Value="${escapeXml(group || none)}" />
    <Property Id="START" Value="yes" />
    <Directory Id="TARGETDIR" Name="SourceDir">
      <Directory Id="ProgramFiles64Folder">
        <Directory Id="VENDORDIR" Name="${escapeXml(vendor)}">
          <Directory Id="INSTALLDIR" Name="${escapeXml(folder)}">
${tree}          </Directory>
        </Directory>
      </Directory>
    </Directory>
    <Feature Id="Agent" Title="${escapeXml(brand.name)}" Level="1">
${writer.components.map((id) => `      <ComponentRef Id="${id}" />\n`).join('')}    </Feature>
    <CustomAction Id="Setup" FileKey="${writer.node}" ExeCommand="${setup}" Execute="deferred" Impersonate="no" Return="check" />
    <CustomAction Id="SetupOnly" FileKey="${writer.node}" ExeCommand="${setup} --no-start" Execute="deferred" Impersonate="no" Return="check" />
    <CustomAction Id="Uninstall" FileKey="${writer.node}" ExeCommand="&quot;[INSTALLDIR]moult-agent.mjs&quot; uninstall" Execute="deferred" Impersonate="no" Return="check" />
    <CustomAction Id="StopAgent" FileKey="${writer.node}" ExeCommand="&quot;[INSTALLDIR]moult-agent.mjs&quot; stop" Execute="deferred" Impersonate="no" Return="ignore" />
    <InstallExecuteSequence>
      <RemoveExistingProducts Sequence="1501" />
      <Custom Action="Uninstall" Sequence="1510">REMOVE="ALL" AND NOT UPGRADINGPRODUCTCODE</Custom>
      <Custom Action="StopAgent" Sequence="1511">REMOVE="ALL" AND UPGRADINGPRODUCTCODE</Custom>
      <InstallExecute Sequence="1520">REMOVE="ALL"</InstallExecute>
      <Custom Action="Setup" Sequence="4001">NOT REMOVE AND NOT (START = "no")</Custom>
      <Custom Action="SetupOnly" Sequence="4002">NOT REMOVE AND START = "no"</Custom>
    </InstallExecuteSequence>
  </Product>
</Wix>
`;
}

const setup = '&quot;[INSTALLDIR]moult-agent.mjs&quot; setup --server &quot;[SERVER]&quot; --group &quot;[GROUP]&quot;';

/** wixl replaces $(…) anywhere in a text, and the command line of `setup` has no word for a quote. */
function requirePlain(value: string): void {
  if (!/\$\(|"|\\$|\p{Cc}/u.test(value)) return;
  const text = `An MSI cannot hold the server or group ${JSON.stringify(value)}: no "$(", no quotation mark, no backslash at its end. Leave it out, and set it by a policy.`;
  throw new ReleaseError('RELEASE_BUNDLE_UNMADE', text);
}

/** `setup` takes this value for "as before". Windows Installer treats an empty property as a missing one. */
const none = '-';

/** Windows Installer compares three numbers: the last two of an agent's version become one. */
function installerVersion(version: string): string {
  const [major = 0, minor = 0, build = 0, revision = 0] = version.split('.').map(Number);
  return [Math.min(major, 255), Math.min(minor, 255), Math.min(build * 1000 + revision, 65_535)].join('.');
}

interface Folder {
  files: string[];
  folders: Map<string, Folder>;
}

function place(root: Folder, path: readonly string[], source: string): void {
  let at = root;
  for (const part of path.slice(0, -1)) {
    const next = at.folders.get(part) ?? { files: [], folders: new Map() };
    at.folders.set(part, next);
    at = next;
  }
  at.files.push(source);
}

class Writer {
  readonly components: string[] = [];
  /** The identifier of node.exe. */
  node = '';

  folder({ files, folders }: Folder, id: string, indent: number): string {
    const blank = ' '.repeat(indent + 4);
    const own = files.map((source) => `${blank}${this.#component(source, id)}\n`).join('');
    const below = [...folders].map(([name, folder]) => {
      const key = `D${this.components.length}_${name.replace(/[^A-Za-z0-9_]/g, '_')}`;
      return `${blank}<Directory Id="${key}" Name="${escapeXml(name)}">\n${this.folder(folder, id, indent + 2)}${blank}</Directory>\n`;
    });
    return own + below.join('');
  }

  #component(source: string, id: string): string {
    const key = `F${this.components.length}`;
    this.components.push(`C${key}`);
    const name = source.split('/').at(-1) ?? '';
    if (name === 'node.exe') this.node = key;
    const guid = guidOf(`component ${id} ${source}`);
    return `<Component Id="C${key}" Guid="${guid}" Win64="yes"><File Id="${key}" Name="${escapeXml(name)}" Source="${escapeXml(source)}" KeyPath="yes" /></Component>`;
  }
}
