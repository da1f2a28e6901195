// Proves that keys and certificates belong together, as an agent does: by a real signature on a small cabinet.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type SigningIdentity, signFile } from '@moult/formats/authenticode';
import { verifyFile } from '@moult/formats/authenticode/verify';
import { createCabinet } from '@moult/formats/cab';
import { signingTimeOf } from './signing-time.ts';

export interface KeyProblem {
  code: string;
  message: string;
}

/** The whole way that an agent checks which pinned `ca`. Undefined when it holds. */
export async function proveSigner(
  signer: SigningIdentity,
  ca: SigningIdentity,
  now: Date,
): Promise<KeyProblem | undefined> {
  try {
    const at = signingTimeOf(signer, now);
    const cabinet = createCabinet([{ name: 'proof', bytes: new Uint8Array(), modified: new Date(0) }]);
    const signed = await signFile(cabinet, signer, { now: at });
    const { problems } = await verifyFile(signed, { trustedCertificatesPem: [ca.certificatePem] });
    return problems[0];
  } catch (error) {
    return { code: 'SIGNATURE_MALFORMED', message: (error as Error).message };
  }
}

/** Whether the authority's key is that of its certificate. A key that is kept elsewhere is in order. */
export function proveCa({ certificatePem, privateKeyPem }: SigningIdentity): KeyProblem | undefined {
  try {
    const certificate = new X509Certificate(certificatePem);
    if (privateKeyPem === '' || certificate.checkPrivateKey(createPrivateKey(privateKeyPem))) return undefined;
    return { code: 'SIGNATURE_BAD_CERTIFICATE', message: 'The key is not the one of the certificate.' };
  } catch (error) {
    return { code: 'SIGNATURE_MALFORMED', message: (error as Error).message };
  }
}
