// Windows 10 and later all say 10.0: the build tells them apart. It continues note 13 of MS-WUSP, which stops at
// Windows Server 2019 and cannot tell that from Windows 10.

/** First build of each release, rising. A build in between belongs to the one before it. */
export const clientBuilds: readonly (readonly [build: number, name: string])[] = [
  [10240, 'Windows 10, version 1507'],
  [10586, 'Windows 10, version 1511'],
  [14393, 'Windows 10, version 1607'],
  [15063, 'Windows 10, version 1703'],
  [16299, 'Windows 10, version 1709'],
  [17134, 'Windows 10, version 1803'],
  [17763, 'Windows 10, version 1809'],
  [18362, 'Windows 10, version 1903'],
  [18363, 'Windows 10, version 1909'],
  [19041, 'Windows 10, version 2004'],
  [19042, 'Windows 10, version 20H2'],
  [19043, 'Windows 10, version 21H1'],
  [19044, 'Windows 10, version 21H2'],
  [19045, 'Windows 10, version 22H2'],
  [22000, 'Windows 11, version 21H2'],
  [22621, 'Windows 11, version 22H2'],
  [22631, 'Windows 11, version 23H2'],
  [26100, 'Windows 11, version 24H2'],
  [26200, 'Windows 11, version 25H2'],
  [28000, 'Windows 11, version 26H1'],
];

export const serverBuilds: readonly (readonly [build: number, name: string])[] = [
  [14393, 'Windows Server 2016'],
  [16299, 'Windows Server, version 1709'],
  [17134, 'Windows Server, version 1803'],
  [17763, 'Windows Server 2019'],
  [18362, 'Windows Server, version 1903'],
  [18363, 'Windows Server, version 1909'],
  [19041, 'Windows Server, version 2004'],
  [19042, 'Windows Server, version 20H2'],
  [20348, 'Windows Server 2022'],
  [25398, 'Windows Server, version 23H2'],
  [26100, 'Windows Server 2025'],
];

/** GetProductInfo's numbers for the editions that are met in practice. */
export const editions: ReadonlyMap<number, string> = new Map([
  [0x04, 'Enterprise'],
  [0x07, 'Standard'],
  [0x08, 'Datacenter'],
  [0x0c, 'Datacenter (Core)'],
  [0x0d, 'Standard (Core)'],
  [0x1b, 'Enterprise N'],
  [0x2a, 'Hyper-V Server'],
  [0x30, 'Pro'],
  [0x31, 'Pro N'],
  [0x32, 'Essentials'],
  [0x48, 'Enterprise Evaluation'],
  [0x4f, 'Standard Evaluation'],
  [0x50, 'Datacenter Evaluation'],
  [0x54, 'Enterprise N Evaluation'],
  [0x62, 'Home N'],
  [0x63, 'Home China'],
  [0x64, 'Home Single Language'],
  [0x65, 'Home'],
  [0x79, 'Education'],
  [0x7a, 'Education N'],
  [0x7b, 'IoT Core'],
  [0x7d, 'Enterprise LTSC'],
  [0x7e, 'Enterprise N LTSC'],
  [0x81, 'Enterprise LTSC Evaluation'],
  [0x82, 'Enterprise N LTSC Evaluation'],
  // The semi-annual releases of Windows Server have numbers of their own.
  [0x91, 'Datacenter (Core)'],
  [0x92, 'Standard (Core)'],
  [0xa1, 'Pro for Workstations'],
  [0xa2, 'Pro N for Workstations'],
  [0xa4, 'Pro Education'],
  [0xa5, 'Pro Education N'],
  [0xaf, 'Enterprise multi-session'],
  [0xbc, 'IoT Enterprise'],
  [0xbf, 'IoT Enterprise LTSC'],
  [0xca, 'SE N'],
  [0xcb, 'SE'],
  [0x196, 'Azure Stack HCI'],
  [0x197, 'Datacenter: Azure Edition'],
  [0x198, 'Datacenter: Azure Edition (Core)'],
]);

/** A client Windows that says it is a server: several people work on it at a time. */
export const multiSession = 0xaf;
