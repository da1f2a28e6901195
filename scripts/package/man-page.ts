// The manual page moult(1), made from the commands themselves: man-pages(7), in the macros that every man reads.
import type { CompletedCommand } from '../../packages/cli/src/completion/command-tree.ts';

/** `tree`: as commandTree answers. */
export function manPage(tree: readonly CompletedCommand[], version: string): string {
  const commands = tree.filter(({ name, below }) => name !== '' && below.length === 0);
  return `.\\" Written by "npm run package".
.TH MOULT 1 "" "Moult ${version}" "System administration"
.SH NAME
moult \\- update server that is compatible with WSUS, its agent and its doctor
.SH SYNOPSIS
.B moult
.I COMMAND
[\\fIOPTION\\fR]...
.SH DESCRIPTION
.B moult serve
runs the update server. The other commands administer it, on this machine or over its API (\\fB\\-\\-server\\fR).
.B moult doctor
finds out why a computer does not update.
.B moult
.I COMMAND
.B \\-\\-help
shows all arguments and options of a command.
.SH COMMANDS
${commands.map(commandEntry).join('\n')}
.SH FILES
.TP
.I /etc/moult/moult.toml
settings. \\fBmoult serve \\-\\-print\\-config\\fR shows each one and where it comes from.
.TP
.I /var/lib/moult
database, keys, releases, update files and logs.
.SH ENVIRONMENT
Every setting is also a variable, such as
.BR MOULT_DATA_DIR .
.SH EXIT STATUS
0: fine. 1: findings, or failed. 2: wrong usage. 3 (\\fBmoult doctor\\fR): undecided.
.SH SEE ALSO
The documentation that each server shows at
.IR /docs/ .
`;
}

function commandEntry({ name, description, options }: CompletedCommand): string {
  const flags = options.map(({ flag }) => `\\fB${escaped(flag)}\\fR`).join(', ');
  return `.TP\n.B moult ${escaped(name)}\n${sentence(escaped(description))}\nOptions: ${flags}.`;
}

/** A line that begins with a dot or an apostrophe is a request. A plain hyphen is another letter. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/, '\\&');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
