// How much a stranger's bytes may ask of us: XML, cabinets, signatures. The other limits of these formats are fixed by them.
import { declareBounds } from '@moult/bounds';

/** Of one document or message, if the caller gives no other limits. */
export const defaultXmlLimits = declareBounds('xml', {
  maxCharacters: {
    what: 'Characters of an XML document',
    fallback: 64 * 1024 * 1024,
    range: [65_536, 536_870_000],
    client: 'HTTP 400',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
  maxDepth: {
    what: 'Depth of the elements of an XML document',
    fallback: 128,
    range: [16, 4096],
    client: 'HTTP 400',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
  maxElements: {
    what: 'Elements of an XML document',
    fallback: 2_000_000,
    range: [1000, 100_000_000],
    client: 'HTTP 400',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
  maxAttributesPerElement: {
    what: 'Attributes of one element, and its namespace declarations',
    fallback: 256,
    range: [16, 65_536],
    client: 'HTTP 400',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
});

export const xmlReaderBounds = declareBounds('xml-reader', {
  /** Beyond so many, searching one after the other is no longer the fast way. */
  maxBindings: {
    what: 'Namespaces that the fast reader knows at once',
    fallback: 64,
    range: [0, 1024],
    client: 'the same answer: the other reader takes over',
    administrator: 'nothing',
  },
  maxAttributes: {
    what: 'Attributes of one element in the fast reader',
    fallback: 64,
    range: [0, 1024],
    client: 'the same answer: the other reader takes over',
    administrator: 'nothing',
  },
  /** Prefixes in force at a wanted element: each of them becomes a part of it. Real documents have some fifteen. */
  maxPrefixes: {
    what: 'Prefixes around an element of an update document',
    fallback: 100,
    range: [16, 10_000],
    client: 'nothing',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
});

/** Fit for a cabinet held in memory: a server or an agent that expects files of reasonable size. */
export const defaultCabinetLimits = declareBounds('cabinet', {
  maxMembers: {
    what: 'Members of a cabinet',
    fallback: 65_535,
    range: [1, 65_535],
    client: 'nothing',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
  maxTotalBytes: {
    what: 'All members of a cabinet together',
    fallback: 2 ** 31,
    range: [1_048_576, 1_099_511_627_776],
    client: 'nothing',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
  maxRatio: {
    what: 'Ratio of a cabinet to its content',
    fallback: 2_000,
    range: [100, 100_000],
    client: 'nothing',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
});

export const signatureBounds = declareBounds('signature', {
  maxSignatureBytes: {
    what: 'A signature',
    fallback: 64 * 1024 * 1024,
    range: [65_536, 1_073_741_824],
    client: 'nothing',
    administrator: '`moult verify` finds a malformed signature, or an untrusted chain',
  },
  maxCertificateBytes: {
    what: 'A certificate',
    fallback: 64 * 1024,
    range: [4096, 1_048_576],
    client: 'nothing',
    administrator: '`moult verify` finds a malformed signature, or an untrusted chain',
  },
  maxCertificates: {
    what: 'Certificates in a signature',
    fallback: 64,
    range: [8, 1024],
    client: 'nothing',
    administrator: '`moult verify` finds a malformed signature, or an untrusted chain',
  },
  maxChainLength: {
    what: 'Certificates in a chain',
    fallback: 10,
    range: [3, 32],
    client: 'nothing',
    administrator: '`moult verify` finds a malformed signature, or an untrusted chain',
  },
  maxChecks: {
    what: 'Checks of signatures while one chain is looked for',
    fallback: 40,
    range: [10, 10_000],
    client: 'nothing',
    administrator: '`moult verify` finds an untrusted chain',
  },
  maxDepth: {
    what: 'Depth of ASN.1',
    fallback: 24,
    range: [12, 200],
    client: 'nothing',
    administrator: '`moult verify` finds a malformed signature, or an untrusted chain',
  },
  maxChildren: {
    what: 'Elements in one element of ASN.1',
    fallback: 4096,
    range: [256, 1_000_000],
    client: 'nothing',
    administrator: '`moult verify` finds a malformed signature, or an untrusted chain',
  },
  maxModulusBits: {
    what: 'Length of an RSA modulus',
    fallback: 8192,
    range: [4096, 65_536],
    client: 'nothing',
    administrator: '`moult verify` says SIGNATURE_UNSUPPORTED_ALGORITHM',
  },
  maxProgramSignatures: {
    what: 'Signatures in a program file',
    fallback: 8,
    range: [1, 256],
    client: 'nothing',
    administrator: '`moult verify` finds a malformed signature, or an untrusted chain',
  },
  maxSigners: {
    what: 'Signers of a signature',
    fallback: 8,
    range: [1, 64],
    client: 'nothing',
    administrator: '`moult verify` finds a malformed signature, or an untrusted chain',
  },
  /** Certificates of the signer's name and number that are tried: one is right, others are decoys. */
  maxCandidates: {
    what: 'Certificates that are tried for one signer',
    fallback: 4,
    range: [1, 64],
    client: 'nothing',
    administrator: '`moult verify` finds a malformed signature, or an untrusted chain',
  },
  maxTimestamps: {
    what: 'Time stamps of a signature',
    fallback: 4,
    range: [1, 64],
    client: 'nothing',
    administrator: 'the others do not count',
  },
  maxNested: {
    what: 'Signatures inside of a signature',
    fallback: 4,
    range: [0, 64],
    client: 'nothing',
    administrator: '`moult verify` finds a malformed signature, or an untrusted chain',
  },
  maxTimestampBytes: {
    what: 'An answer of a time-stamp authority, as it is read',
    fallback: 1024 * 1024,
    range: [16_384, 67_108_864],
    client: 'nothing',
    administrator: 'the error FORMAT_BAD_TIMESTAMP',
  },
});

export const registryBounds = declareBounds('registry', {
  maxInstructions: {
    what: 'Instructions in a Registry.pol',
    fallback: 100_000,
    range: [100, 10_000_000],
    client: 'FORMAT_OVER_LIMIT. The agent goes by the policy without that file',
    administrator: 'FORMAT_OVER_LIMIT from `moult policy read`',
  },
});

export const compoundFileBounds = declareBounds('compound-file', {
  maxEntries: {
    what: 'Entries in the directory of an OLE file (.msi, .msp)',
    fallback: 100_000,
    range: [1000, 10_000_000],
    client: 'nothing',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
  maxDepth: {
    what: 'Depth of the storages in an OLE file',
    fallback: 32,
    range: [4, 256],
    client: 'nothing',
    administrator: 'the error FORMAT_OVER_LIMIT',
  },
});

/** All tables of this file. */
export const formatBounds = [
  defaultXmlLimits,
  xmlReaderBounds,
  defaultCabinetLimits,
  registryBounds,
  signatureBounds,
  compoundFileBounds,
];
