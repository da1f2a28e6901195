// The text of `moult --help` about each command. It is written down here so that help, a mistyped command and --version
// load none of them. A test compares it with the commands.
import type { commands } from './index.ts';

export const descriptions: Readonly<Record<keyof typeof commands, string>> = {
  catalog: 'import, list and show update metadata',
  publish: 'publish an update of your own from a YAML file (docs/catalog.md) or a winget manifest',
  cab: 'cabinets: list, test, extract, create',
  xpress: 'pack and unpack Xpress, from standard input to standard output',
  doctor: "find out why a computer is not updating, from its end or from the server's",
  explain: 'explain the state of a computer, or why it is offered an update or not',
  agent: 'install and run the Automatic Updates agent of this machine, or of a folder',
  policy: 'write and read files of the update policy',
  demo: 'run the demo: a server, and an old agent that updates itself and installs an update',
  serve: 'run the update server',
  status: 'show the state of the server, its computers and its limits',
  computers: 'list, show, move and remove computers',
  groups: 'list, add, rename and remove computer groups',
  updates: 'list and show updates',
  approve: 'approve updates for groups, or change their approvals (Approve-WsusUpdate)',
  decline: 'decline updates (Deny-WsusUpdate). --undo removes the decline',
  apply: 'make groups and rules as files say. A second time changes nothing',
  rules: 'list, add, test, run, move and remove rules for approvals',
  events:
    'list events, newest first: reports, self-update, computers that changed (identity), changes by administrators (audit)',
  users: 'accounts that administer this server over its API',
  tokens: 'tokens for programs that use the API',
  tls: 'the certificate of HTTPS',
  login: 'keep a token for a server, for commands with --server. Reads the token from standard input',
  logout: 'forget the token for a server. "moult tokens revoke" ends it for everybody',
  content: 'add, verify and list update files',
  sync: 'synchronise update metadata with an upstream server',
  simulate: 'play another server, with made-up updates, for a trial',
  limits: 'list all limits: value, default, and the origin of the value',
  clock: 'compare the clock of this server with its data directory',
  database: 'check the database of the server',
  backup: 'back up the server into a folder: database, keys and releases. The server may run meanwhile',
  restore: 'restore a backup: it replaces all current data',
  tree: 'manage the self-update tree, which agents fetch first',
  release: 'manage the signed list of releases and updates (TUF): keys, signatures, publication',
  sign: 'sign a cabinet, a program (.exe, .dll) or a security catalog (.cat) as Authenticode does: with --key and --cert, or with the keys of the server',
  verify:
    'check the Authenticode signatures of cabinets, programs (.exe, .dll), Windows Installer files (.msi, .msp) and security catalogs (.cat). --data-dir or --config: trust the operator CA of that server',
};
