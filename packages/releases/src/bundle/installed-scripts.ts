// The scripts inside a bundle. A brand's id is made of plain letters, digits and hyphens, so that it needs no quotes here.
import type { Brand } from '@moult/protocol/self-update';

/** Starts the bundled program with the bundled Node, also through a link. */
export function startCommand(): string {
  return `#!/bin/sh
self=$(readlink -f -- "$0") || exit 1
here=\${self%/bin/*}
exec "$here/runtime/node" "$here/moult-agent.mjs" "$@"
`;
}

export function startCommandForWindows(): string {
  return '@"%~dp0runtime\\node.exe" "%~dp0moult-agent.mjs" %*\r\n';
}

/** The folder of an installed bundle on Linux. */
export function placeOf({ id }: Brand): string {
  return `/opt/${id}`;
}

/**
 * The script moves its own folder to the folder of programs, then sets the agent up. If that fails, the agent of before
 * comes back. If the script is killed at any line, the next run ends well. A folder in its final place has reached the
 * disk.
 */
export function installScript(brand: Brand): string {
  const place = placeOf(brand);
  return `#!/bin/sh
# Installs ${brand.name} from the folder of this script. As root: sh install.sh [SERVER-URL [GROUP]]
set -eu
fail() {
  echo "${brand.id}: $1" >&2
  exit 1
}
main() {
  [ "$(id -u)" = 0 ] || fail 'Run this as root: sudo sh install.sh'
  here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
  place=${place}
  [ "$here" != "$place" ] || fail "This is the installed agent itself. Run: ${brand.id} setup"
  mkdir -p /opt /usr/local/bin
  rm -rf "$place.new"
  cp -R -- "$here" "$place.new" || {
    rm -rf "$place.new"
    fail "$place.new cannot be written. Nothing was changed."
  }
  chown -R 0:0 "$place.new"
  # The service must start also after a power cut a second later.
  sync
  if [ -e "$place" ]; then
    halt "$place"
    rm -rf "$place.old"
    mv "$place" "$place.old"
  fi
  mv "$place.new" "$place"
  if "$place/bin/${brand.id}" setup \${1:+--server "$1"} \${2:+--group "$2"}; then
    ln -sfn "$place/bin/${brand.id}" "/usr/local/bin/${brand.id}"
    rm -rf "$place.old"
    return
  fi
  if [ -e "$place.old" ]; then
    rm -rf "$place"
    mv "$place.old" "$place"
    "$place/bin/${brand.id}" setup >/dev/null 2>&1 || true
    fail 'The installation failed. The version before is back.'
  fi
  fail 'The installation failed. Correct the error above, then run this again.'
}
halt() {
  # A broken one cannot be asked. Then "setup" says what is in its way.
  "$1/bin/${brand.id}" stop >/dev/null 2>&1 || true
}
main "$@"
`;
}

/** The same for Windows PowerShell 5.1 and later. */
export function installScriptForWindows(brand: Brand): string {
  const lines = [
    `# Installs ${brand.name} from the folder of this script. Run it as an administrator.`,
    '#Requires -RunAsAdministrator',
    "param([string]$Server = '', [string]$Group = '')",
    "$ErrorActionPreference = 'Stop'",
    `$place = Join-Path $env:ProgramFiles '${windowsFolder(brand)}'`,
    "$node = Join-Path $place 'runtime\\node.exe'",
    "$program = Join-Path $place 'moult-agent.mjs'",
    '# Windows PowerShell 5.1 makes an exception of each line that a program writes to a redirected standard error.',
    'function Invoke-Quietly([string]$Command) {',
    "  $ErrorActionPreference = 'Continue'",
    '  & $node $program $Command 2>$null | Out-Null',
    '}',
    'if (Test-Path -LiteralPath $node) { Invoke-Quietly stop }',
    'New-Item -ItemType Directory -Force -Path (Split-Path -Parent $place) | Out-Null',
    'if (Test-Path -LiteralPath "$place.new") { Remove-Item -LiteralPath "$place.new" -Recurse -Force }',
    'Copy-Item -LiteralPath $PSScriptRoot -Destination "$place.new" -Recurse',
    'if (Test-Path -LiteralPath "$place.old") { Remove-Item -LiteralPath "$place.old" -Recurse -Force }',
    'if (Test-Path -LiteralPath $place) { Move-Item -LiteralPath $place -Destination "$place.old" }',
    'Move-Item -LiteralPath "$place.new" -Destination $place',
    "$arguments = @('setup')",
    "if ($Server) { $arguments += @('--server', $Server) }",
    "if ($Group) { $arguments += @('--group', $Group) }",
    '& $node $program @arguments',
    'if ($LASTEXITCODE -ne 0) {',
    '  if (Test-Path -LiteralPath "$place.old") {',
    '    Remove-Item -LiteralPath $place -Recurse -Force',
    '    Move-Item -LiteralPath "$place.old" -Destination $place',
    '    Invoke-Quietly setup',
    '  }',
    "  throw 'The installation failed. The lines above say why.'",
    '}',
    'if (Test-Path -LiteralPath "$place.old") { Remove-Item -LiteralPath "$place.old" -Recurse -Force }',
  ];
  return `\ufeff${lines.join('\r\n')}\r\n`;
}

/** Below Program Files. The agent itself is beside it. */
export function windowsFolder({ vendor, product }: Brand): string {
  return `${vendor}\\${product} Runtime`;
}
