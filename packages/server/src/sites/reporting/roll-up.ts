// What a downstream server reports to its upstream (MS-WSUSSS 3.1.4.14 to 3.1.4.17) shares the contract with what clients report, but
// needs a cookie of server synchronisation. This server synchronises with nobody, so no cookie can be one.
import { SoapFault } from '../../errors.ts';

/** Throws InvalidCookie, whoever asks. */
export async function refuseRollUp(): Promise<never> {
  throw new SoapFault('InvalidCookie', '');
}
