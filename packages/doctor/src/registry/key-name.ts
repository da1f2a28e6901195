// Names of registry keys, as people and tools write them, become the names that a running Windows has: hives by their
// long names. A hive of another Windows under a chosen name counts as the hive that it is.

const shortHives: Record<string, string> = {
  hklm: 'hkey_local_machine',
  hkcu: 'hkey_current_user',
  hku: 'hkey_users',
  hkcr: 'hkey_classes_root',
  machine: 'hkey_local_machine',
  user: 'hkey_users',
};

/** The text before the hive: Registry Editor's address bar, PowerShell's provider, the kernel's own names. */
const lead = /^(?:computer\\|microsoft\.powershell\.core\\|registry::|\\registry\\)+/;

/** The key in lower case, from `hkey_…` on. */
export function keyName(written: string): string {
  const [hive = '', ...rest] = written.trim().toLowerCase().replace(lead, '').replace(/\\+$/, '').split('\\');
  const name = hive.replace(/:$/, '');
  return asLoadedHive([shortHives[name] ?? name, ...rest].join('\\'));
}

/** `HKLM\OFFLINE\Policies\…` and `HKU\temp\Microsoft\…` are SOFTWARE hives of another Windows. */
function asLoadedHive(key: string): string {
  const loaded =
    /^hkey_(?:local_machine|users)\\(?!software\\|system\\)[^\\]+\\((?:wow6432node\\)?(?:policies|microsoft)\\.+)$/.exec(
      key,
    );
  return loaded ? `hkey_local_machine\\software\\${loaded[1]}` : key;
}
