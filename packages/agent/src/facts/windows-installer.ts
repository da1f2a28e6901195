// The records of Windows Installer and of servicing, read from the registry. No WMI and no calls of the installer: a
// query through WMI's Win32_Product starts a repair of every product.
import type { Fact, MachineFacts, RegistryKey, RegistryValue } from '@moult/catalog/applicability';

export interface RegistryQuestions {
  keyExists(key: RegistryKey): boolean;
  value(key: RegistryKey, name: string): RegistryValue | null;
}

const installer = 'SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Installer\\UserData\\S-1-5-18';
const uninstall = 'SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall';
const servicing = 'SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages';

/** Products installed for the whole machine. Products that one user installed are not known. */
export function windowsInstallerFacts(registry: RegistryQuestions): MachineFacts {
  const key = (subkey: string, view: RegistryKey['view'] = 'native'): RegistryKey => ({
    hive: 'HKEY_LOCAL_MACHINE',
    subkey,
    view,
  });
  const number = (place: RegistryKey, name: string): number | undefined => {
    const data = registry.value(place, name)?.data;
    return typeof data === 'number' ? data : undefined;
  };
  const ofProduct = (code: string, ask: (place: string) => Fact<boolean>): Fact<boolean> => {
    const place = `${installer}\\Products\\${packedGuid(code)}`;
    return registry.keyExists(key(place)) ? ask(place) : undefined;
  };
  return {
    msiProduct: (code) => {
      for (const view of ['native', '32'] as const) {
        const place = key(`${uninstall}\\${code}`, view);
        const version = registry.value(place, 'DisplayVersion')?.data;
        if (typeof version !== 'string') continue;
        const language = number(place, 'Language');
        return { version, ...(language === undefined ? {} : { language }) };
      }
      return null;
    },
    msiPatchApplied: (code, patch) =>
      ofProduct(code, (place) => number(key(`${place}\\Patches\\${packedGuid(patch)}`), 'State') === 1),
    msiFeatureInstalled: (code, feature) => {
      const features = key(`SOFTWARE\\Classes\\Installer\\Features\\${packedGuid(code)}`);
      if (!registry.keyExists(features)) return undefined;
      const data = registry.value(features, feature)?.data;
      // A leading character 6 marks a feature that was left out.
      return typeof data === 'string' && data.charCodeAt(0) !== 6;
    },
    msiComponentInstalled: (code, component) =>
      ofProduct(
        code,
        () => registry.value(key(`${installer}\\Components\\${packedGuid(component)}`), packedGuid(code)) !== null,
      ),
    cbsPackageState: (identity) => {
      const place = key(`${servicing}\\${identity}`);
      return registry.keyExists(place) ? number(place, 'CurrentState') : null;
    },
  };
}

/** How Windows Installer names a GUID in the registry: parts turned round, the last two byte by byte. */
export function packedGuid(guid: string): string {
  const [first = '', second = '', third = '', fourth = '', fifth = ''] = guid
    .replace(/[{}]/g, '')
    .toUpperCase()
    .split('-');
  const reversed = (text: string) => [...text].reverse().join('');
  const pairs = (fourth + fifth).match(/../g) ?? [];
  return reversed(first) + reversed(second) + reversed(third) + pairs.map(reversed).join('');
}
