// The ends of certificates, for monitoring.
import { X509Certificate } from 'node:crypto';
import type { SigningIdentity } from '@moult/formats/authenticode';

interface Ending {
  name: string;
  endsAt: Date;
}

/** Those that have an end. */
export function endingsOf(ends: Readonly<Record<string, Date | undefined>>): Ending[] {
  return Object.entries(ends).flatMap(([name, endsAt]) => (endsAt === undefined ? [] : [{ name, endsAt }]));
}

/** The ends of the two certificates of the operator. */
export function operatorEnds({ ca, signer }: Record<'ca' | 'signer', Pick<SigningIdentity, 'certificatePem'>>) {
  return { 'operator-ca': endOf(ca.certificatePem), 'operator-signing': endOf(signer.certificatePem) };
}

function endOf(pem: string): Date {
  return new Date(new X509Certificate(pem).validTo);
}
