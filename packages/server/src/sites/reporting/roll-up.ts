// The reports of a downstream server to its upstream (MS-WSUSSS 3.1.4.14 to 3.1.4.17) share the contract with clients'
// reports. They need a cookie of server synchronisation. This server does not synchronise, so no cookie can be one.
import { SoapFault } from '../../errors.ts';

/** Throws InvalidCookie, whoever asks. */
export async function refuseRollUp(): Promise<never> {
  throw new SoapFault('InvalidCookie', '');
}
