// Texts that downstream servers send, cut to the lengths that MS-WSUSSS gives them.
import type { ClientSummary } from '@moult/protocol/roll-up';

export function cut(text: string | undefined, most: number): string {
  return (text ?? '').replaceAll(/\p{Cc}/gu, ' ').slice(0, most);
}

/** One operating system of a summary, as text: equal ones are one row. */
export function systemOf(client: ClientSummary): string {
  const { osMajor, osMinor, osBuild, servicePackMajor, servicePackMinor, architecture, osLocale } = client;
  const pack = servicePackMajor + servicePackMinor === 0 ? '' : ` SP${servicePackMajor}.${servicePackMinor}`;
  const type = ` type ${client.oldProductType}/${client.newProductType}/${client.suiteMask}/${client.systemMetrics}`;
  const place = [cut(architecture, 50), cut(osLocale, 20)].filter((part) => part !== '').join(' ');
  return `${osMajor}.${osMinor}.${osBuild}${pack} ${place}${type}`;
}
