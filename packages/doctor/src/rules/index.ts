// All rules, in the order they are tried: what is special comes before what is general.
import { clientRules } from './client.ts';
import type { Rule } from './rule.ts';
import { serverRules } from './server.ts';
import { soapFaults } from './soap-faults.ts';

export const rules: readonly Rule[] = [...soapFaults, ...serverRules, ...clientRules];
