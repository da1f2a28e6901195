// An IIS log as a busy WSUS site writes it: three quarters of its lines are about updating.
import { closeSync, openSync, writeSync } from 'node:fs';

/** Writes `sizeBytes` of log. The requests of the clients are in mixed order. */
export function writeIisLog(path: string, sizeBytes: number, clients: number): void {
  const file = openSync(path, 'w');
  writeSync(
    file,
    '#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-11-20 00:00:00\r\n' +
      '#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n',
  );
  let size = 0;
  for (let first = 0; size < sizeBytes; first += 20_000) {
    const lines = Array.from({ length: 20_000 }, (_, index) => lineOf(first + index, clients)).join('');
    size += writeSync(file, lines);
  }
  closeSync(file);
}

const wsus10 = 'Windows-Update-Agent/10.0.10011.16384+Client-Protocol/2.50';
const browser =
  'Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/120.0.0.0+Safari/537.36';

/** As good as random, the same in each run. */
function mixed(number: number): number {
  const half = Math.imul(number ^ (number >>> 16), 0x7feb352d);
  const more = Math.imul(half ^ (half >>> 15), 0x846ca68b);
  return (more ^ (more >>> 16)) >>> 0;
}

let current = { second: -1, prefix: '', stamp: '' };

/** How the lines of one second begin, and the stamp that agents put behind an address. */
function secondAt(second: number): { prefix: string; stamp: string } {
  if (second === current.second) return current;
  const at = new Date(Date.UTC(2026, 10, 20) + (second % 86_400) * 1000).toISOString();
  const prefix = `${at.slice(0, 10)} ${at.slice(11, 19)} 10.0.0.2`;
  current = { second, prefix, stamp: at.replaceAll(/\D/g, '').slice(2, 12) };
  return current;
}

/** Clients in mixed order: mostly scans and content, some self-update, a broken package, a browser. */
function lineOf(number: number, clients: number): string {
  const who = mixed(number) % clients;
  const client = `10.${who >>> 16}.${(who >>> 8) & 255}.${who & 255}`;
  const kind = number % 40;
  const { prefix, stamp } = secondAt(Math.floor((number * 37) / 1000));
  const hash = (Math.imul(number, 2654435761) >>> 0).toString(16).toUpperCase().padStart(8, '0').repeat(5);
  if (kind < 22)
    return `${prefix} POST /ClientWebService/client.asmx - 8530 - ${client} ${wsus10} - 200 0 0 ${number % 90}\r\n`;
  if (kind < 30)
    return `${prefix} GET /Content/${hash.slice(38)}/${hash}.cab - 8530 - ${client} Microsoft+BITS/7.8 - 206 0 0 ${number % 900}\r\n`;
  if (kind < 34)
    return `${prefix} HEAD /selfupdate/wuident.cab ${stamp} 8530 - ${client} Windows-Update-Agent/7.9.9600.18756+Client-Protocol/1.21 - 200 0 0 0\r\n`;
  if (kind < 37)
    return `${prefix} POST /ReportingWebService/ReportingWebService.asmx - 8530 - ${client} ${wsus10} - 200 0 0 12\r\n`;
  if (kind < 38)
    return `${prefix} GET /selfupdate/AU/x86/XP/sv/wuaucomp.cab ${stamp} 80 - ${client} Industry+Update+Control - 404 0 3 1\r\n`;
  return `${prefix} GET /aspnet_client/system_web/4_0_30319/x.js - 80 - ${client} ${browser} http://intranet/ 304 0 0 1\r\n`;
}
