// The roots for Microsoft's signatures on code and time stamps, by their thumbprints. The certificates themselves are
// not part of Moult. An administrator fetches them as docs/signing.md says, and these numbers tell whether they are the
// right ones. The list has the four roots that certify Windows, Office and their time stamps from 1997 to today. A test
// compares them with the certificates that Wine brings (roots.test.ts). Newer ones (ECC, identity verification) are not
// listed: we have nothing to compare them with.

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
