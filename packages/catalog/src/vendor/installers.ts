// How a vendor's package is installed: command line, Windows Installer package or patch.
import { attributeOf, childElements, childNamed, childrenNamed, type XmlElement } from '@moult/formats/xml';
import { CatalogError } from '../errors.ts';
import { requiredAttribute } from '../metadata/fields.ts';
import type {
  InstallInstruction,
  PackageInstall,
  PatchInstall,
  ProgramInstall,
  Reboot,
} from '../publication/install.ts';
import { vendorNamespaces } from './names.ts';

/** The restart behaviour of InstallProperties. Throws CATALOG_BAD_FIELD. */
export function rebootOf(behavior: XmlElement | undefined): Reboot {
  const text = (behavior && attributeOf(behavior, 'RebootBehavior')) ?? 'NeverReboots';
  const known: Readonly<Record<string, Reboot>> = {
    NeverReboots: 'never',
    CanRequestReboot: 'can',
    AlwaysRequiresReboot: 'always',
  };
  const found = Object.hasOwn(known, text) ? known[text] : undefined;
  if (!found) throw new CatalogError('CATALOG_BAD_FIELD', `RebootBehavior "${text.slice(0, 40)}" is not known.`);
  return found;
}

/**
 * The instruction of an InstallableItem whose file is `fileName`. Throws CATALOG_UNSUPPORTED_PACKAGE for a handler that no
 * client of this server has, CATALOG_BAD_FIELD, CATALOG_MISSING_FIELD.
 */
export function readInstaller(item: XmlElement, fileName: string): InstallInstruction {
  const reboot = rebootOf(childNamed(item, 'InstallProperties'));
  for (const data of childElements(item)) {
    if (data.uri === vendorNamespaces.commandLine && data.local === 'CommandLineInstallerData')
      return readProgram(data, reboot);
    if (data.uri === vendorNamespaces.windowsInstaller && data.local === 'MsiInstallerData')
      return readPackage(data, reboot);
    if (data.uri === vendorNamespaces.patch && data.local === 'MspInstallerData')
      return readPatch(data, reboot, fileName);
    if (/InstallerData$/.test(data.local))
      throw new CatalogError('CATALOG_UNSUPPORTED_PACKAGE', `It is installed by ${data.local.slice(0, 80)}.`);
  }
  throw new CatalogError('CATALOG_MISSING_FIELD', 'The installable item does not say how it is installed.');
}

function readProgram(data: XmlElement, reboot: Reboot): ProgramInstall {
  return {
    kind: 'program',
    program: line(requiredAttribute(data, 'Program'), 'Program'),
    arguments: line(attributeOf(data, 'Arguments') ?? '', 'Arguments'),
    reboot,
    returnCodes: childrenNamed(data, 'ReturnCode').map((code) => ({
      code: codeOf(requiredAttribute(code, 'Code')),
      result: resultOf(attributeOf(code, 'Result') ?? 'Succeeded'),
      reboot: isTrue(attributeOf(code, 'Reboot')),
    })),
    byDefault: {
      result: resultOf(attributeOf(data, 'DefaultResult') ?? 'Failed'),
      reboot: isTrue(attributeOf(data, 'RebootByDefault')),
    },
  };
}

function readPackage(data: XmlElement, reboot: Reboot): PackageInstall {
  return {
    kind: 'msi',
    msi: requiredAttribute(data, 'MsiFile'),
    properties: [],
    reboot,
    said: { productCode: guidIn(requiredAttribute(data, 'ProductCode'), 'ProductCode'), ...lines(data) },
  };
}

function readPatch(data: XmlElement, reboot: Reboot, fileName: string): PatchInstall {
  const code = attributeOf(data, 'FullFilePatchCode') ?? attributeOf(data, 'PatchCode');
  return {
    kind: 'msp',
    msp: fileName,
    patchCode: code === undefined ? undefined : guidIn(code, 'PatchCode'),
    ...lines(data),
    reboot,
  };
}

function lines(data: XmlElement) {
  return {
    commandLine: line(attributeOf(data, 'CommandLine') ?? '', 'CommandLine'),
    uninstallCommandLine: line(attributeOf(data, 'UninstallCommandLine') ?? '', 'UninstallCommandLine'),
  };
}

function line(text: string, what: string): string {
  if (!/\p{Cc}/u.test(text)) return text;
  throw new CatalogError('CATALOG_BAD_FIELD', `${what} holds a control character.`);
}

function guidIn(text: string, what: string): string {
  const found = /^\s*\{?([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\}?\s*$/i.exec(text)?.[1];
  if (!found) throw new CatalogError('CATALOG_BAD_FIELD', `${what} is not a GUID: "${text.slice(0, 80)}".`);
  return `{${found.toUpperCase()}}`;
}

/** 32 bits, written signed by some publishers and unsigned by others. */
function codeOf(text: string): number {
  const code = Number(text.trim());
  if (!/^-?\d{1,10}$/.test(text.trim()) || code < -0x80000000 || code > 0xffffffff)
    throw new CatalogError('CATALOG_BAD_FIELD', `ReturnCode "${text.slice(0, 40)}" is not a 32-bit number.`);
  return code | 0;
}

function resultOf(text: string): 'Succeeded' | 'Failed' | 'Cancelled' {
  const found = (['Succeeded', 'Failed', 'Cancelled'] as const).find((one) => one.toLowerCase() === text.toLowerCase());
  if (!found) throw new CatalogError('CATALOG_BAD_FIELD', `Result "${text.slice(0, 40)}" is not known.`);
  return found;
}

function isTrue(value: string | undefined): boolean {
  return value === 'true' || value === '1';
}
