// Completion scripts: each shell's own words around one table of commands. They complete from the table alone: no program
// starts while somebody types.
import type { CompletedCommand } from './command-tree.ts';

export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof shells)[number];

/** The script of a shell. It completes a command's name, and then its options. It completes files if neither fits. */
export function completionScript(shell: Shell, tree: readonly CompletedCommand[]): string {
  return writers[shell](tree);
}

const writers: Readonly<Record<Shell, (tree: readonly CompletedCommand[]) => string>> = { bash, zsh, fish, powershell };

function bash(tree: readonly CompletedCommand[]): string {
  return `# bash completion for moult, written by "moult completion bash"
_moult() {
  local word="\${COMP_WORDS[COMP_CWORD]}" path="" next choices at
  for ((at = 1; at < COMP_CWORD; at++)); do
    next="\${path:+$path }\${COMP_WORDS[at]}"
    case "$next" in
      ${tree.flatMap(({ name }) => (name === '' ? [] : [quoted(name)])).join(' | ')}) path="$next" ;;
    esac
  done
  case "$path" in
${tree.map((one) => `    ${quoted(one.name)}) choices=${quoted(wordsOf(one))} ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$choices" -- "$word"))
}
complete -o default -F _moult moult
`;
}

function zsh(tree: readonly CompletedCommand[]): string {
  return `#compdef moult
# zsh completion for moult, written by "moult completion zsh"
_moult() {
  local path="" next at
  local -a below options
  for ((at = 2; at < CURRENT; at++)); do
    next="\${path:+$path }\${words[at]}"
    case "$next" in
      ${tree.flatMap(({ name }) => (name === '' ? [] : [quoted(name)])).join(' | ')}) path="$next" ;;
    esac
  done
  case "$path" in
${tree.map((one) => `    ${quoted(one.name)}) below=(${described(one.below, ({ name }) => name)}); options=(${described(one.options, ({ flag }) => flag)}) ;;`).join('\n')}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    _describe -o option options
  elif (( \${#below} )); then
    _describe command below
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == _moult ]]; then _moult "$@"; else compdef _moult moult; fi
`;
}

function described<T extends { description: string }>(items: readonly T[], nameOf: (item: T) => string): string {
  return items.map((item) => quoted(`${nameOf(item)}:${item.description.replaceAll(':', '\\:')}`)).join(' ');
}

function fish(tree: readonly CompletedCommand[]): string {
  const lines = tree.flatMap(({ name, below, options }) => {
    const place = fishPlace(
      name,
      below.map((child) => child.name),
    );
    return [
      ...below.map(
        (child) => `complete -c moult -f -n ${quoted(place)} -a ${child.name} -d ${fishQuoted(child.description)}`,
      ),
      ...options.map(({ flag, description }) => {
        return `complete -c moult -n ${quoted(place)} -l ${flag.replace(/^--/, '')} -d ${fishQuoted(description)}`;
      }),
    ];
  });
  return `# fish completion for moult, written by "moult completion fish"\n${lines.join('\n')}\n`;
}

/** A condition of fish: the words of the command were typed, and none of those below it. */
function fishPlace(name: string, below: readonly string[]): string {
  const seen = name === '' ? [] : name.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
  const unseen = below.length > 0 ? [`not __fish_seen_subcommand_from ${below.join(' ')}`] : [];
  return [...seen, ...unseen].join('; and ') || 'true';
}

function powershell(tree: readonly CompletedCommand[]): string {
  return `# PowerShell completion for moult, written by "moult completion powershell"
Register-ArgumentCompleter -Native -CommandName moult -ScriptBlock {
  param($word, $line, $position)
  $commands = @{
${tree.map((one) => `    ${psQuoted(one.name)} = ${psQuoted(wordsOf(one))}`).join('\n')}
  }
  $path = ''
  foreach ($element in ($line.CommandElements | Select-Object -Skip 1)) {
    $next = ($path + ' ' + $element.ToString()).Trim()
    if ($commands.ContainsKey($next)) { $path = $next }
  }
  $commands[$path] -split ' ' | Where-Object { $_ -like "$word*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`;
}

function wordsOf({ below, options }: CompletedCommand): string {
  return [...below.map(({ name }) => name), ...options.map(({ flag }) => flag)].join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function psQuoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
