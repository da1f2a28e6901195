// How a published update is installed: a program with its arguments, or a Windows Installer package. Updates that no
// client can run are refused here, before they are signed, approved and fail on every computer.
import { bad, mapping, oneOf, optionalText, text } from './yaml-values.ts';

export type InstallInstruction = ProgramInstall | PackageInstall | PatchInstall;

export interface ProgramInstall {
  kind: 'program';
  program: string;
  arguments: string;
  reboot: Reboot;
  returnCodes: { code: number; result: 'Succeeded' | 'Failed' | 'Cancelled'; reboot: boolean }[];
  /** Of any other code. Absent: it failed, and a restart is needed if `reboot` is always. */
  byDefault?: { result: 'Succeeded' | 'Failed' | 'Cancelled'; reboot: boolean };
}

export interface PackageInstall {
  kind: 'msi';
  /** One of the files. */
  msi: string;
  /** Public properties of the package, by name. */
  properties: [name: string, value: string][];
  reboot: Reboot;
  /** The values that a vendor's package gives. Absent: read from the file. */
  said?: { productCode: string; commandLine: string; uninstallCommandLine: string };
}

export interface PatchInstall {
  kind: 'msp';
  /** One of the files. */
  msp: string;
  patchCode: string | undefined;
  commandLine: string;
  uninstallCommandLine: string;
  reboot: Reboot;
}

export type Reboot = 'never' | 'can' | 'always';

const programKeys = ['program', 'arguments', 'reboot', 'return-codes'];
const packageKeys = ['msi', 'properties', 'reboot'];

/** Reads `install`. Throws CATALOG_BAD_PUBLICATION. */
export function parseInstall(value: unknown): InstallInstruction {
  const install = mapping(value, 'install');
  if (install.msi !== undefined && install.program !== undefined) {
    throw bad('install has both msi and program. Give one of them.');
  }
  const known = install.msi === undefined ? programKeys : packageKeys;
  for (const key of Object.keys(install)) {
    if (!known.includes(key)) throw bad(`install has no key "${key}"; it takes ${known.join(', ')}.`);
  }
  const reboot = oneOf(install.reboot, ['never', 'can', 'always'], 'install.reboot') ?? 'never';
  if (install.msi !== undefined) {
    return {
      kind: 'msi',
      msi: text(install.msi, 'install.msi'),
      properties: parseProperties(install.properties),
      reboot,
    };
  }
  const codes = mapping(install['return-codes'] ?? { 0: 'succeeded' }, 'install.return-codes');
  return {
    kind: 'program',
    program: text(install.program, 'install.program'),
    arguments: optionalText(install.arguments, 'install.arguments') ?? '',
    reboot,
    returnCodes: Object.entries(codes).map(([code, result]) => parseReturnCode(code, result)),
  };
}

/** Throws CATALOG_BAD_PUBLICATION for an update that no client could install. */
export function refuseWhatNobodyRuns(
  install: InstallInstruction | undefined,
  files: readonly string[],
  packaging: 'cabinet' | 'as-is',
): void {
  if (!install) {
    if (files.length > 0) throw bad('There are files and no install: no client uses them.');
    return;
  }
  const [key, started] = startedFile(install);
  if (files.length === 0) throw bad('install needs files.');
  if (install.kind !== 'program' && packaging === 'as-is') {
    throw bad('install.msi needs packaging: cabinet. Windows takes a package only inside of a cabinet.');
  }
  if (packaging === 'cabinet' && !files.some((file) => nameOf(file) === nameOf(started))) {
    throw bad(`install.${key} "${started}" is not one of the files. Agents run nothing else.`);
  }
  const extension = /\.[^.]*$/.exec(nameOf(started))?.[0] ?? '';
  if (install.kind !== 'program') {
    if (extension !== `.${key}`)
      throw bad(`install.${key} "${started}" is not an .${key} file. ${insteadOf[extension] ?? ''}`.trim());
  } else if (!startable.includes(extension)) {
    const advice =
      insteadOf[extension] ?? 'Put a .cmd or .mjs file beside it that does what is needed, and name that one.';
    throw bad(`install.program "${started}" cannot be started: clients start ${startable.join(', ')}. ${advice}`);
  }
}

function startedFile(install: InstallInstruction): [key: string, file: string] {
  if (install.kind === 'program') return ['program', install.program];
  return install.kind === 'msi' ? ['msi', install.msi] : ['msp', install.msp];
}

/** Windows starts the first four by themselves. Moult's agent has a runtime for the others, on every system. */
const startable = ['.exe', '.com', '.cmd', '.bat', '.mjs', '.js'];

const insteadOf: Readonly<Record<string, string>> = {
  '.msi': 'Write install: { msi: … } for a Windows Installer package.',
  '.msp': 'Patches (.msp) cannot be published yet; publish the full .msi, or start msiexec.exe from a .cmd file.',
  '.msu': 'Start wusa.exe from a .cmd file, or import the update with moult catalog import.',
  '.cab': 'Start dism.exe from a .cmd file.',
  '.ps1': 'Start powershell.exe from a .cmd file.',
  '.vbs': 'Start cscript.exe from a .cmd file.',
  '.sh': 'Files come out of the cabinet without the right to be run. Start /bin/sh from an .mjs file.',
};

/** The name a file has in the cabinet, and beside the program that is run. */
function nameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1).toLowerCase();
}

/** Only public properties reach the part of an installation that runs as the system: their names are in upper case. */
function parseProperties(value: unknown): PackageInstall['properties'] {
  return Object.entries(mapping(value ?? {}, 'install.properties')).map(([name, given]) => {
    const key = `install.properties.${name}`;
    if (!/^[A-Z_][A-Z0-9_.]{0,71}$/.test(name)) throw bad(`${key}: names of properties are in upper case.`);
    const property = text(given, key);
    if (/["\p{Cc}]/u.test(property)) throw bad(`${key} holds a quote or a control character.`);
    return [name, property];
  });
}

function parseReturnCode(code: string, result: unknown): ProgramInstall['returnCodes'][number] {
  const words = text(result, `install.return-codes.${code}`).toLowerCase();
  const found = /^(succeeded|failed|cancelled)(?:,? *(reboot))?$/.exec(words);
  if (!found || !/^-?\d{1,10}$/.test(code)) {
    throw bad(
      `install.return-codes.${code} must be a number with succeeded, failed, cancelled or "succeeded, reboot".`,
    );
  }
  const results = { succeeded: 'Succeeded', failed: 'Failed', cancelled: 'Cancelled' } as const;
  return { code: Number(code), result: results[found[1] as keyof typeof results], reboot: found[2] !== undefined };
}
