// HandlerSpecificData and rules of a published update: the part that differs by how it is installed.
import { escapeAttribute, escapeText } from '@moult/formats/xml';
import { namespaces } from '../namespaces.ts';
import type { PackageInstall, PatchInstall, ProgramInstall } from './install.ts';
import type { Publication } from './publication.ts';
import { writeRuleTree } from './rule-tree.ts';
import { bad } from './yaml-values.ts';

/** The facts of a Windows Installer package. */
export interface PackageFacts {
  /** Braced. */
  productCode: string;
  version: string;
}

/** URI of the handler. Undefined where nothing is installed. */
export function handlerOf({ install }: Publication): string | undefined {
  if (!install) return undefined;
  return install.kind === 'program' ? namespaces.commandLine : namespaces.windowsInstaller;
}

/** Throws CATALOG_BAD_PUBLICATION for a Windows Installer package whose facts are not given. */
export function handlerElement({ install }: Publication, facts: PackageFacts | undefined): string {
  if (!install) return '';
  if (install.kind === 'msp') return patchElement(install);
  return install.kind === 'msi' ? packageElement(install, facts) : programElement(install);
}

/** ApplicabilityRules. A package is judged by its product code, unless the publication says otherwise. */
export function applicabilityElement(publication: Publication, facts: PackageFacts | undefined): string {
  const { install, installed, vendor } = publication;
  const isPackage = install?.kind === 'msi';
  const sections = [
    section('IsInstalled', installed ? writeRuleTree(installed) : '<mar:MsiApplicationInstalled />'),
    isPackage && !installed ? section('IsSuperseded', '<mar:MsiApplicationSuperseded />') : '',
    vendor?.superseded ? section('IsSuperseded', writeRuleTree(vendor.superseded)) : '',
    // A detectoid is judged by IsInstalled alone.
    vendor?.updateType === 'Detectoid' ? '' : section('IsInstallable', installableRule(publication)),
    vendor ? (vendor.ruleMetadata ?? '') : isPackage ? packageMetadata(needed(facts)) : '',
  ];
  return `<upd:ApplicabilityRules>${sections.join('')}</upd:ApplicabilityRules>`;
}

function installableRule({ install, installed, installable }: Publication): string {
  const ofPackage = install?.kind === 'msi' && !installed ? '<mar:MsiApplicationInstallable />' : undefined;
  const own = installable && writeRuleTree(installable);
  if (ofPackage && own) return `<lar:And>${ofPackage}${own}</lar:And>`;
  return ofPackage ?? own ?? '<lar:True />';
}

function section(name: string, content: string): string {
  return `<upd:${name}>${content}</upd:${name}>`;
}

function packageMetadata({ productCode, version }: PackageFacts): string {
  // A newer version with the same product code is installed over the old one.
  const option = `Version="${escapeAttribute(version)}" UseRecacheReinstall="LowerVersion"`;
  const code = `<mar:ProductCode ${option}>${escapeText(productCode)}</mar:ProductCode>`;
  return section('Metadata', `<mar:MsiApplicationMetadata>${code}</mar:MsiApplicationMetadata>`);
}

function packageElement({ msi, properties, said }: PackageInstall, facts: PackageFacts | undefined): string {
  // NAME="a b": msiexec takes no other quotes (update-metadata, 7.5).
  const line = said?.commandLine ?? properties.map(([name, value]) => `${name}="${value}"`).join(' ');
  const productCode = said?.productCode ?? needed(facts).productCode;
  const file = msi.slice(Math.max(msi.lastIndexOf('/'), msi.lastIndexOf('\\')) + 1);
  return (
    '<upd:HandlerSpecificData xsi:type="msp:WindowsInstallerApp">' +
    `<msp:MsiData CommandLine="${escapeAttribute(line)}" UninstallCommandLine="${escapeAttribute(said?.uninstallCommandLine ?? '')}" MsiFile="${escapeAttribute(file)}" ProductCode="${escapeAttribute(productCode)}" />` +
    '</upd:HandlerSpecificData>'
  );
}

function patchElement({ patchCode, commandLine, uninstallCommandLine }: PatchInstall): string {
  const code = patchCode === undefined ? '' : ` FullFilePatchCode="${escapeAttribute(patchCode)}"`;
  return (
    '<upd:HandlerSpecificData xsi:type="msp:WindowsInstaller">' +
    `<msp:MspData${code} CommandLine="${escapeAttribute(commandLine)}" UninstallCommandLine="${escapeAttribute(uninstallCommandLine)}" />` +
    '</upd:HandlerSpecificData>'
  );
}

function programElement({ program, arguments: line, reboot, returnCodes, byDefault }: ProgramInstall): string {
  const otherwise = byDefault ?? { result: 'Failed', reboot: reboot === 'always' };
  const codes = returnCodes.map(
    ({ code, result, reboot: restart }) => `<cmd:ReturnCode Code="${code}" Result="${result}" Reboot="${restart}" />`,
  );
  return (
    '<upd:HandlerSpecificData xsi:type="cmd:CommandLineInstallation">' +
    `<cmd:InstallCommand Program="${escapeAttribute(program)}" Arguments="${escapeAttribute(line)}" RebootByDefault="${otherwise.reboot}" DefaultResult="${otherwise.result}">` +
    `${codes.join('')}</cmd:InstallCommand></upd:HandlerSpecificData>`
  );
}

function needed(facts: PackageFacts | undefined): PackageFacts {
  if (!facts) throw bad('install.msi: the package has not been read.');
  return facts;
}
