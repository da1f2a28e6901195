// The scripts that a server hands out, and the one line that an administrator pastes on a client. The line holds the digest of
// the script, and the script those of the bundles. A bundle holds the root that its agent trusts. So a client runs nothing
// that somebody on the network can alter.
import type { Brand } from '@moult/protocol/self-update';
import { isWindows, type Platform } from './platforms.ts';
import type { WrittenBundle } from './write-bundle.ts';

export interface ServedBundle extends WrittenBundle {
  platform: Platform;
}

/** The script for Linux, POSIX sh: `sh install.sh SERVER-URL [GROUP]`. */
export function servedScript(brand: Brand, bundles: readonly ServedBundle[]): string {
  const cases = bundles
    .filter(({ platform }) => !isWindows(platform))
    .map(
      ({ platform, sha256, sizeBytes }) =>
        `    '${unameOf(platform)}')\n      bundle=${platform} digest=${sha256} bytes=${sizeBytes}\n      ;;\n`,
    );
  return `#!/bin/sh
# Installs ${brand.name} from an update server. As root: sh install.sh SERVER-URL [GROUP]
# The digests below are those of the bundles that the server had when this script was made.
set -eu
fail() {
  echo "${brand.id}: $1" >&2
  exit 1
}
main() {
  server=\${1:-}
  server=\${server%/}
  case $server in
    http://* | https://*) ;;
    *) fail 'Name the server: sh install.sh http://server:8530' ;;
  esac
  [ "$(id -u)" = 0 ] || fail 'Run this as root, for example with sudo.'
  case "$(uname -s) $(uname -m)" in
${cases.join('')}    *) fail "This server has no agent for $(uname -s) on $(uname -m)." ;;
  esac
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  fetch "$server/agent/$bundle" "$work/bundle" "$bytes" || fail "$server/agent/$bundle cannot be fetched. Nothing was installed."
  found=$(sha256sum <"$work/bundle")
  [ "\${found%% *}" = "$digest" ] || fail "The bundle that came is not the one that this script names. Nothing was installed."
  tar -xzf "$work/bundle" -C "$work" || fail "The bundle cannot be unpacked in $work. Nothing was installed."
  rm "$work/bundle"
  shift
  sh "$work/${brand.id}/install.sh" "$server" "$@"
}
fetch() (
  # An answer that does not say its length and does not end must not fill the disk.
  ulimit -f "$(($3 / 512 + 1))"
  if command -v curl >/dev/null; then
    curl -fsS --max-filesize "$3" -o "$2" "$1"
  elif command -v wget >/dev/null; then
    wget -q -O "$2" "$1"
  else
    fail 'Install curl or wget first.'
  fi
)
main "$@"
`;
}

/** The script for Windows PowerShell 5.1 and later: `install.ps1 -Server URL [-Group GROUP]`. */
export function servedScriptForWindows(brand: Brand, bundles: readonly ServedBundle[]): string {
  const bundle = bundles.find(({ platform }) => isWindows(platform));
  const known = bundle
    ? [`$digest = '${bundle.sha256}'`]
    : ["throw 'This server has no agent for Windows. On the server, run moult agent install-line with --runtime.'"];
  const lines = [
    `# Installs ${brand.name} from an update server. Run it as an administrator.`,
    '#Requires -RunAsAdministrator',
    "param([Parameter(Mandatory = $true)][string]$Server, [string]$Group = '')",
    "$ErrorActionPreference = 'Stop'",
    "$ProgressPreference = 'SilentlyContinue'",
    ...known,
    "$Server = $Server.TrimEnd('/')",
    '# Only administrators write there.',
    `$work = Join-Path $env:ProgramFiles ('${brand.id}-' + [guid]::NewGuid())`,
    'New-Item -ItemType Directory -Path $work | Out-Null',
    'try {',
    "  $file = Join-Path $work 'bundle.zip'",
    "  Invoke-WebRequest -UseBasicParsing -Uri ($Server + '/agent/win-x64') -OutFile $file",
    '  if ((Get-FileHash -Algorithm SHA256 -LiteralPath $file).Hash -ne $digest) {',
    "    throw 'The bundle that came is not the one that this script names. Nothing was installed.'",
    '  }',
    '  Expand-Archive -LiteralPath $file -DestinationPath $work',
    `  & (Join-Path $work '${brand.id}\\install.ps1') -Server $Server -Group $Group`,
    '} finally {',
    '  Remove-Item -LiteralPath $work -Recurse -Force',
    '}',
  ];
  return `\ufeff${lines.join('\r\n')}\r\n`;
}

interface LineParts {
  /** As http://server:8530, without a slash at its end. */
  server: string;
  group?: string | undefined;
  /** SHA-256 of the two scripts. */
  script: string;
  windowsScript: string;
}

/** More than any script that servedScript makes. */
const mostScriptBytes = 65_536;

/** The line for a shell on Linux, of any user who may become root. */
export function installLine({ server, group, script }: LineParts): string {
  const words = [server, ...(group === undefined ? [] : [group])].map(quotedForShell).join(' ');
  const steps = [
    'f=$(mktemp)',
    `trap 'rm -f "$f"' EXIT`,
    // An answer that does not end must not fill the disk.
    `curl -fsS ${quotedForShell(`${server}/agent/install.sh`)} | head -c ${mostScriptBytes} >"$f"`,
    `{ echo "${script}  $f" | sha256sum -c --status || { echo "This server did not send the script of this line. Nothing was installed." >&2; false; }; }`,
    `$(command -v sudo) sh "$f" ${words}`,
  ];
  // In a shell of its own, which removes the script when it ends.
  return `(${steps.join(' && ')})`;
}

/** The line for PowerShell, of an administrator. */
export function installLineForWindows({ server, group, windowsScript }: LineParts): string {
  const more = group === undefined ? '' : ` -Group ${quotedForPowerShell(group)}`;
  return [
    '$f = Join-Path $env:ProgramFiles "$([guid]::NewGuid()).ps1"',
    `Invoke-WebRequest -UseBasicParsing ${quotedForPowerShell(`${server}/agent/install.ps1`)} -OutFile $f`,
    `if ((Get-FileHash -Algorithm SHA256 $f).Hash -eq '${windowsScript.toUpperCase()}') { powershell -ExecutionPolicy Bypass -File $f -Server ${quotedForPowerShell(server)}${more} } else { Write-Error 'This server did not send the script of this line. Nothing was installed.' }`,
    'Remove-Item $f',
  ].join('; ');
}

function unameOf(platform: Platform): string {
  return platform === 'linux-arm64' ? 'Linux aarch64' : 'Linux x86_64';
}

function quotedForShell(text: string): string {
  return /^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** PowerShell knows the typographic quotes too. */
function quotedForPowerShell(text: string): string {
  return `'${text.replace(/['\u2018-\u201b]/g, '$&$&')}'`;
}
