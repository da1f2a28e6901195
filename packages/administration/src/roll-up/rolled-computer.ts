// One computer in the words of a roll-up. Pure.
import { createHash } from 'node:crypto';
import { type ComputerRollupDetails, type ComputerRollupInfo, never } from '@moult/protocol/roll-up';
import type { ComputerToReport } from '@moult/store';

/** Undefined if the server above has all of it already. Details are left out if they are as before. */
export function infoOf(computer: ComputerToReport, ownId: string): ComputerRollupInfo | undefined {
  const { computerId, serverId = ownId, sent } = computer;
  const info: ComputerRollupInfo = {
    ...{ computerId, parentServerId: serverId, lastSyncResult: computer.lastSyncResult },
    ...{ lastSync: computer.lastSync ?? never, lastReboot: computer.lastReboot ?? never },
    ...{ lastStatus: computer.lastStatus ?? never, lastInventory: computer.lastInventory ?? never },
  };
  const details = toDetails(computer);
  const isKnown = sent?.details === detailsOf(details);
  if (isKnown && sent?.contact === contactOf(info)) return undefined;
  return isKnown ? { ...info, details: undefined } : { ...info, details };
}

/** All that a report without details says, as text. */
export function contactOf(info: ComputerRollupInfo): string {
  const times = [info.lastSync, info.lastReboot, info.lastStatus, info.lastInventory].map((at) => at.getTime());
  return `${info.parentServerId} ${info.lastSyncResult} ${times.join(' ')}`;
}

export function detailsOf(details: ComputerRollupDetails): string {
  return createHash('sha256').update(JSON.stringify(details)).digest('base64url').slice(0, 22);
}

function toDetails({ facts, address, dnsName, groupIds, requestedGroups }: ComputerToReport): ComputerRollupDetails {
  const text = (most: number, ...names: string[]) => {
    const found = names.map((name) => facts[name]).find((value) => typeof value === 'string');
    return String(found ?? '').slice(0, most);
  };
  const number = (...names: string[]) => {
    const found = names.map((name) => facts[name]).find((value) => typeof value === 'number');
    return Number.isSafeInteger(found) ? (found as number) : 0;
  };
  const releasedAt = new Date(text(40, 'biosReleasedAt', 'biosReleaseDate') || never);
  return {
    ...{ address, dnsName, groupIds, requestedGroups: requestedGroups.map((name) => name.slice(0, 256)) },
    ...{ osMajor: number('osMajor', 'osMajorVersion'), osMinor: number('osMinor', 'osMinorVersion') },
    osBuild: number('osBuild', 'osBuildNumber'),
    servicePackMajor: number('servicePackMajor', 'osServicePackMajorNumber'),
    servicePackMinor: number('servicePackMinor', 'osServicePackMinorNumber'),
    ...{ osLocale: text(50, 'osLocale'), osFamily: text(50, 'osFamily') || 'Windows' },
    osDescription: text(256, 'osDescription'),
    manufacturer: text(64, 'manufacturer', 'computerManufacturer'),
    model: text(64, 'model', 'computerModel'),
    ...{ biosVersion: text(64, 'biosVersion'), biosName: text(64, 'biosName') },
    biosReleasedAt: Number.isNaN(releasedAt.getTime()) ? never : releasedAt,
    architecture: text(50, 'architecture', 'processorArchitecture'),
    // xs:short and xs:unsignedByte in the contract of real WSUS.
    ...{ suiteMask: asShort(number('suiteMask')), oldProductType: number('oldProductType') & 0xff },
    ...{ newProductType: number('newProductType'), systemMetrics: number('systemMetrics') },
    clientVersion: text(20, 'clientVersion') || clientVersionOf(number),
  };
}

function asShort(value: number): number {
  return (value << 16) >> 16;
}

function clientVersionOf(number: (name: string) => number): string {
  const parts = ['Major', 'Minor', 'Build', 'Qfe'].map((part) => number(`clientVersion${part}Number`));
  return parts.every((part) => part === 0) ? '' : parts.join('.').slice(0, 20);
}
