// Watches the self-update tree as clients see it, with the releases that it serves and the name of their signer.
import { X509Certificate } from 'node:crypto';
import {
  createSelfUpdateHealth,
  type createSelfUpdateSite,
  type SelfUpdateHealthMonitor,
} from './sites/self-update/index.ts';

interface WatchParts extends Omit<Parameters<typeof createSelfUpdateHealth>[0], 'releases'> {
  /** The certificate of who signs the releases. */
  signerPem: string;
}

export function watchSelfUpdate(
  selfUpdate: Pick<Awaited<ReturnType<typeof createSelfUpdateSite>>, 'releases'>,
  { signerPem, ...parts }: WatchParts,
): SelfUpdateHealthMonitor {
  const signer = commonNameOf(signerPem);
  const releases = () =>
    selfUpdate.releases().map(({ release: { generation, version } }) => ({ generation, version, signer }));
  return createSelfUpdateHealth({ ...parts, releases });
}

function commonNameOf(certificatePem: string): string {
  const { subject } = new X509Certificate(certificatePem);
  return /(?:^|\n)CN=(.*)/.exec(subject)?.[1] ?? subject;
}
