// Traces (.etl): Windows 10 and later write the agent's log as one. Only the computer that wrote it has the words.

/** True for a trace, by its name or by how its first buffer begins. */
export function isTrace(path: string, head: Buffer): boolean {
  if (/\.etl$/i.test(path)) return head.length > 0;
  if (head.length < 80) return false;
  const size = head.readUInt32LE(0);
  const isBuffer = size >= 1024 && size <= 1 << 20 && size % 1024 === 0;
  return isBuffer && head[75] === 0xc0 && head[73] === 0 && (head[74] === 1 || head[74] === 2);
}

/** Why a trace is not read, with the command that makes text of it. */
export function refuseTrace(path: string): string {
  return (
    `${path}: a trace (.etl), which only Windows can decode. Run this in PowerShell on the computer that wrote it, and give ` +
    'the text: Get-WindowsUpdateLog -ETLPath C:\\Windows\\Logs\\WindowsUpdate -LogPath .\\WindowsUpdate.log'
  );
}
