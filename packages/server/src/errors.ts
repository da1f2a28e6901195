// Errors that only the sites throw. The codes SERVER_… have their home in @moult/store.
import type { FaultCode } from '@moult/protocol/soap';

/** A refusal in the words of MS-WUSP 2.2.2.4: thrown by the sites, sent as a SOAP fault. */
export class SoapFault extends Error {
  readonly faultCode: FaultCode;

  /** `message` is the fault's Message: for InvalidParameters the path of the element, else ''. */
  constructor(faultCode: FaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SoapFault';
    this.faultCode = faultCode;
  }
}
