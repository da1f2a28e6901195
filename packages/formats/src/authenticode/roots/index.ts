// The roots under which Microsoft signs code and time stamps, by their thumbprints. The certificates themselves are not
// part of Moult: an administrator fetches them where docs/signing.md says, and these numbers tell whether they are the
// right ones. The four under which Windows, Office and their time stamps were signed from 1997 to today. Held against
// the certificates that Wine brings (roots.test.ts). Newer ones (ECC, identity verification) are not listed: nothing
// here to hold them against.

interface KnownRoot {
  name: string;
  /** SHA-1 of the certificate, hexadecimal, lower case, as Windows shows it. */
  thumbprint: string;
}

export const microsoftRoots: readonly KnownRoot[] = [
  { name: 'Microsoft Root Authority', thumbprint: 'a43489159a520f0d93d032ccaf37e7fe20a8b419' },
  { name: 'Microsoft Root Certificate Authority', thumbprint: 'cdd4eeae6000ac7f40c3802c171e30148030c072' },
  { name: 'Microsoft Root Certificate Authority 2010', thumbprint: '3b1efd3a66ea28b16697394703a72ca340a05bd5' },
  { name: 'Microsoft Root Certificate Authority 2011', thumbprint: '8f43288ad272f3103b6fb1428485ea3014c0bcfe' },
];

/** The root of this thumbprint (any letter case), if it is one of Microsoft's. */
export function microsoftRootOf(thumbprint: string): KnownRoot | undefined {
  const wanted = thumbprint.toLowerCase();
  return microsoftRoots.find((root) => root.thumbprint === wanted);
}
