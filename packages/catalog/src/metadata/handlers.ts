// HandlerSpecificData: the handler that installs the update, and how. The data element decides. Xsi:type only names the
// rest.
import { attributeOf, childElements, childNamed, type XmlElement } from '@moult/formats/xml';
import { CatalogError } from '../errors.ts';
import { namespaces } from '../namespaces.ts';
import type { CategoryInformation, Handler, ReturnCode } from './document.ts';
import { booleanAttribute, childText, childTexts, integerAttribute, requiredAttribute } from './fields.ts';

export function parseHandler(root: XmlElement): Handler | undefined {
  const element = childNamed(root, 'HandlerSpecificData', namespaces.update);
  if (!element) return undefined;
  const type = attributeOf(element, 'type') ?? '';
  const local = type.slice(type.indexOf(':') + 1);
  for (const data of childElements(element)) {
    const handler = readers[data.local]?.(data, local);
    if (handler) return handler;
  }
  if (local === 'WindowsDriver') return { kind: 'driver', oemOnly: booleanAttribute(element, 'OemOnly', false) };
  return { kind: 'other', type };
}

export function parseCategoryInformation(root: XmlElement): CategoryInformation | undefined {
  const data = childNamed(root, 'HandlerSpecificData', namespaces.update);
  const element = data && childNamed(data, 'CategoryInformation');
  if (!element) return undefined;
  return {
    categoryType: attributeOf(element, 'CategoryType'),
    prohibitsSubcategories: booleanAttribute(element, 'ProhibitsSubcategories', false),
    prohibitsUpdates: booleanAttribute(element, 'ProhibitsUpdates', false),
    displayOrder: integerAttribute(element, 'DisplayOrder'),
    excludedByDefault: booleanAttribute(element, 'ExcludedByDefault', false),
  };
}

const readers: Record<string, (data: XmlElement, type: string) => Handler> = {
  InstallCommand: (data, type) => (type === 'WindowsSetup' ? windowsSetup(data) : commandLine(data)),
  CbsData: (data) => ({ kind: 'cbs', packageIdentity: attributeOf(data, 'PackageIdentity') ?? '' }),
  MsiData: (data) => ({
    kind: 'msi',
    productCode: attributeOf(data, 'ProductCode'),
    msiFile: requiredAttribute(data, 'MsiFile'),
    ...installerLines(data),
  }),
  MspData: (data) => ({
    kind: 'msp',
    patchCode: attributeOf(data, 'PatchCode'),
    fullFilePatchCode: attributeOf(data, 'FullFilePatchCode'),
    ...installerLines(data),
  }),
  WindowsPatchData: (data) => ({
    kind: 'windows-patch',
    installParameters: attributeOf(data, 'InstallParameters') ?? '',
    unpackParameters: attributeOf(data, 'UnpackParameters') ?? '',
  }),
  OSInstallData: (data) => ({ kind: 'os-installer', initialModule: attributeOf(data, 'InitialModule') ?? '' }),
  WindowsDriver: (data) => ({ kind: 'driver', oemOnly: booleanAttribute(data, 'OemOnly', false) }),
  CategoryInformation: () => ({ kind: 'category' }),
};

function installerLines(data: XmlElement) {
  return {
    commandLine: attributeOf(data, 'CommandLine') ?? '',
    uninstallCommandLine: attributeOf(data, 'UninstallCommandLine'),
    repairPaths: childTexts(data, 'RepairPath'),
  };
}

function windowsSetup(data: XmlElement): Handler {
  return {
    kind: 'windows-setup',
    program: requiredAttribute(data, 'Program'),
    arguments: attributeOf(data, 'Arguments') ?? '',
    isSetup360: booleanAttribute(data, 'IsSetup360', false),
  };
}

function commandLine(data: XmlElement): Handler {
  return {
    kind: 'command-line',
    program: requiredAttribute(data, 'Program'),
    arguments: attributeOf(data, 'Arguments') ?? '',
    rebootByDefault: booleanAttribute(data, 'RebootByDefault', false),
    defaultResult: resultOf(data, 'DefaultResult', 'Failed'),
    returnCodes: childElements(data)
      .filter((child) => child.local === 'ReturnCode')
      .map(returnCode),
    windowsInstallerRepairPaths: childTexts(data, 'WindowsInstallerRepairPath'),
  };
}

function returnCode(element: XmlElement): ReturnCode {
  const text = requiredAttribute(element, 'Code').trim();
  const code = Number(text);
  if (!/^-?\d+$/.test(text) || code < -0x80000000 || code > 0xffffffff) {
    throw new CatalogError('CATALOG_BAD_FIELD', `ReturnCode "${text.slice(0, 40)}" is not a 32-bit number.`);
  }
  const localized = childNamed(element, 'LocalizedDescription');
  return {
    // The same 32 bits are written signed by some publishers and unsigned by others.
    code: code | 0,
    result: resultOf(element, 'Result', 'Succeeded'),
    reboot: booleanAttribute(element, 'Reboot', false),
    description:
      attributeOf(element, 'DefaultLocalizedDescription') ?? (localized && childText(localized, 'Description')),
  };
}

function resultOf(element: XmlElement, name: string, whenAbsent: ReturnCode['result']): ReturnCode['result'] {
  const text = attributeOf(element, name);
  if (text === undefined) return whenAbsent;
  const found = (['Succeeded', 'Failed', 'Cancelled'] as const).find(
    (known) => known.toLowerCase() === text.toLowerCase(),
  );
  if (!found) throw new CatalogError('CATALOG_BAD_FIELD', `${name} "${text.slice(0, 40)}" is not a known result.`);
  return found;
}
