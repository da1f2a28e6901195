// The facts of a Windows that its registry tells. Other facts stay unknown.
import type { LanguageFacts, MachineFacts, RegistryKey, WindowsVersionFacts } from '@moult/catalog/applicability';
import { keys } from '../machine/keys.ts';
import type { Machine } from '../machine/policy.ts';
import { osVersionOf } from '../pings/platform.ts';
import type { RegistryQuestions } from './windows-installer.ts';

const control = 'SYSTEM\\CurrentControlSet\\Control';

interface SystemQuestions extends RegistryQuestions {
  subkeys(key: RegistryKey): string[];
}

export function windowsSystemFacts(machine: Machine, registry: SystemQuestions): MachineFacts {
  return {
    windowsVersion: () => windowsVersion(machine, registry),
    language: () => languages(machine, registry),
    isClustered: () => {
      // The hive of a cluster is loaded on its members. A machine without the service does not have one.
      if (registry.keyExists(key('Cluster'))) return true;
      return registry.keyExists(key('SYSTEM\\CurrentControlSet\\Services\\ClusSvc')) ? undefined : false;
    },
  };
}

/** Words of ProductOptions → the product type of a version check. */
const productTypes: Readonly<Record<string, number>> = { winnt: 1, lanmannt: 2, servernt: 3 };

function windowsVersion(machine: Machine, registry: SystemQuestions): WindowsVersionFacts {
  const [major, minor, build] = osVersionOf(machine.os);
  const product = registry.value(key(below(keys.product)), 'ProductType')?.data;
  const productType = typeof product === 'string' ? productTypes[product.toLowerCase()] : undefined;
  // High byte: major number of the service pack, low byte: minor.
  const servicePack = registry.value(key(below(keys.system)), 'CSDVersion')?.data;
  return {
    ...{ major, minor, build },
    ...(productType === undefined ? {} : { productType }),
    ...(typeof servicePack === 'number'
      ? { servicePackMajor: servicePack >>> 8, servicePackMinor: servicePack & 0xff }
      : {}),
  };
}

/** More than one language of the user interface: it is multilingual. */
function languages(machine: Machine, registry: SystemQuestions): LanguageFacts {
  const installed = registry.subkeys(key(`${control}\\MUI\\UILanguages`));
  const [only] = installed;
  if (only === undefined) return { system: machine.language };
  return installed.length === 1 ? { system: only, mui: null } : { system: machine.language, mui: installed };
}

/** A key as a rule names it: without its hive. */
function below(path: string): string {
  return path.slice('HKLM\\'.length);
}

function key(subkey: string): RegistryKey {
  return { hive: 'HKEY_LOCAL_MACHINE', subkey, view: 'native' };
}
