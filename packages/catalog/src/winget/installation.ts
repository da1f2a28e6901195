// How the installer of a winget manifest is run without anybody at the screen: by its type, and what the manifest adds.
import type { InstallInstruction, ProgramInstall } from '../publication/install.ts';
import { badManifest, type Fields, fieldsIn, listIn, optionalTextIn, textIn } from './manifest.ts';

/** Types that a client of an update server can install. Others are for winget or another agent. */
const silent: Readonly<Record<string, string | undefined>> = {
  burn: '/quiet /norestart',
  inno: '/SP- /VERYSILENT /SUPPRESSMSGBOXES /NORESTART',
  nullsoft: '/S',
  // Each has its own.
  exe: undefined,
};

const why: Readonly<Record<string, string>> = {
  msix: 'no rule of an update server finds an msix package',
  appx: 'no rule of an update server finds an appx package',
  zip: 'a zip archive must be unpacked first',
  portable: 'a portable program is not in the list of programs',
  font: 'a font is not in the list of programs',
  msstore: 'it comes from the Microsoft Store',
  pwa: 'it is a web page',
};

/** The type of the installer. Throws CATALOG_BAD_MANIFEST for one that no client can install. */
export function installerTypeOf(installer: Fields): string {
  const type = textIn(installer, 'InstallerType').toLowerCase();
  if (type === 'msi' || type === 'wix' || Object.hasOwn(silent, type)) return type;
  const reason = Object.hasOwn(why, type) ? why[type] : 'its type is not known';
  throw badManifest(
    `InstallerType ${type} cannot be published: ${reason}. Known: msi, wix, burn, inno, nullsoft, exe.`,
  );
}

/** `fileName`: the installer's name in the cabinet. Throws CATALOG_BAD_MANIFEST. */
export function installOf(installer: Fields, type: string, fileName: string): InstallInstruction {
  if (optionalTextIn(installer, 'Scope')?.toLowerCase() === 'user')
    throw badManifest('Scope user cannot be published: an update server installs for the computer.');
  if (optionalTextIn(installer, 'ElevationRequirement')?.toLowerCase() === 'elevationprohibited')
    throw badManifest(
      'ElevationRequirement elevationProhibited cannot be published: an update server installs as the system.',
    );
  const switches = fieldsIn(installer.InstallerSwitches, 'InstallerSwitches');
  const custom = optionalTextIn(switches, 'Custom');
  if (type === 'msi' || type === 'wix') {
    // The agent starts msiexec without questions and without a restart by itself.
    const said = { productCode: productCodeOf(installer), commandLine: custom ?? '', uninstallCommandLine: '' };
    return { kind: 'msi', msi: fileName, properties: [], reboot: 'can', said };
  }
  const quiet = optionalTextIn(switches, 'Silent') ?? silent[type];
  if (quiet === undefined)
    throw badManifest(
      'InstallerType exe needs InstallerSwitches.Silent: without it the installer would wait for somebody.',
    );
  return {
    kind: 'program',
    program: fileName,
    arguments: [quiet, custom].filter((text) => text !== undefined).join(' '),
    reboot: 'can',
    returnCodes: returnCodesOf(installer, type),
    byDefault: { result: 'Failed', reboot: false },
  };
}

function productCodeOf(installer: Fields): string {
  const code = optionalTextIn(installer, 'ProductCode');
  const found = /^\{[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\}$/i.exec(code ?? '');
  if (!found) throw badManifest('A Windows Installer package needs ProductCode, a GUID in braces.');
  return found[0].toUpperCase();
}

function returnCodesOf(installer: Fields, type: string): ProgramInstall['returnCodes'] {
  const codes = new Map<number, ProgramInstall['returnCodes'][number]>();
  const add = (code: number, result: 'Succeeded' | 'Failed' | 'Cancelled', reboot: boolean) =>
    codes.set(code, { code, result, reboot });
  add(0, 'Succeeded', false);
  if (type === 'burn') for (const code of [3010, 1641]) add(code, 'Succeeded', true);
  for (const code of listIn(installer, 'InstallerSuccessCodes')) add(codeOf(code), 'Succeeded', false);
  for (const expected of listIn(installer, 'ExpectedReturnCodes')) {
    const fields = fieldsIn(expected, 'ExpectedReturnCodes');
    const response = textIn(fields, 'ReturnResponse').toLowerCase();
    const code = codeOf(fields.InstallerReturnCode);
    if (response === 'rebootrequiredtofinish' || response === 'rebootinitiated') add(code, 'Succeeded', true);
    else if (response === 'alreadyinstalled') add(code, 'Succeeded', false);
    else if (response === 'cancelledbyuser') add(code, 'Cancelled', false);
    else add(code, 'Failed', response === 'rebootrequiredforinstall');
  }
  return [...codes.values()];
}

function codeOf(value: unknown): number {
  const code = Number(value);
  if (typeof value !== 'string' || !/^-?\d{1,10}$/.test(value) || code < -0x80000000 || code > 0xffffffff)
    throw badManifest(`The return code "${String(value).slice(0, 40)}" is not a 32-bit number.`);
  return code | 0;
}
