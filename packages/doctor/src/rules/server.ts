// Rules about servers that need more than a stage and a code. The first that holds decides.
import type { Rule } from './rule.ts';

export const serverRules: readonly Rule[] = [
  {
    // The service starts again by itself. The next line of its log shows it.
    id: 'shared-download',
    when: { parameters: { knownAs: /^shared-download$/ } },
    is: 'DOCTOR_SHARED_DOWNLOAD',
    verdict: 'pass',
  },
  {
    id: 'soap-server-busy',
    when: { parameters: { errorCode: /^ServerBusy$/i } },
    is: 'DOCTOR_SERVER_BUSY',
    values: { meaning: 'the SOAP fault ServerBusy' },
  },
];
