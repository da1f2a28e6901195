// The classifications of Microsoft, which vendors name in their packages.

const ids: Readonly<Record<string, string>> = {
  'critical updates': 'e6cf1350-c01b-414d-a61f-263d14d133b4',
  drivers: 'ebfc1fc5-71a4-4f7b-9aca-3b9a503104a0',
  'feature packs': 'b54e7d24-7add-428f-8b75-90a396fa584f',
  'security updates': '0fa1201d-4330-4fa8-8ae9-b877473b6441',
  'service packs': '68c5b0a3-d1a6-4553-ae49-01d3a7827828',
  tools: 'b4832bd8-e735-4761-8daf-37f882276dab',
  'update rollups': '28bc880e-0592-4cbf-8f95-c79b17911d5f',
  updates: 'cd5ffd1e-e932-4e3a-bf74-18f0b1407c5e',
};

/** The id of the classification of this name, letter case aside. */
export function classificationId(name: string): string | undefined {
  const key = name.trim().toLowerCase();
  return Object.hasOwn(ids, key) ? ids[key] : undefined;
}
