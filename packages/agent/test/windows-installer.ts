// Run by wine.test.ts under Windows: an installer that is given what a Windows installer is given, one line.
import assert from 'node:assert/strict';
import { machineOfArguments } from '../src/machine/machine-root.ts';
import { startInstaller } from '../src/wsus/install/install-revision.ts';

const line = '/d /s /c "echo DIR="C:\\x y" /q:"a b"c>C:\\arguments.txt"';
using child = startInstaller(machineOfArguments([]), 'C:\\windows\\system32\\cmd.exe', line, 'C:\\windows');
const code = await new Promise((resolve) => child.once('close', resolve));
assert.equal(code, 0);
