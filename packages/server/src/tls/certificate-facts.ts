// The facts in a certificate.
import { X509Certificate } from 'node:crypto';

interface CertificateFacts {
  /** DNS names, in lower case. */
  names: string[];
  validFrom: Date;
  validTo: Date;
}

/** Of the first certificate of a PEM text. Undefined for text that is not one. */
export function certificateFacts(pem: string | undefined): CertificateFacts | undefined {
  if (pem === undefined) return undefined;
  try {
    const { subjectAltName = '', validFrom, validTo } = new X509Certificate(pem);
    const names = [...subjectAltName.matchAll(/(?:^|, )DNS:([^,]+)/g)].map(([, name = '']) => name.toLowerCase());
    return { names, validFrom: new Date(validFrom), validTo: new Date(validTo) };
  } catch {
    return undefined;
  }
}
