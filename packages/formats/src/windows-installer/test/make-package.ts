// Real packages, made by wixl (Debian's, of msitools).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const productCode = '{00000000-1111-2222-3333-00000000000A}';

/** A package that installs one file. */
export function makePackage({ version = '1.2.3' } = {}): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'moult-wixl-'));
  try {
    writeFileSync(join(folder, 'file.txt'), 'installed');
    writeFileSync(
      join(folder, 'app.wxs'),
      `<?xml version="1.0"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
  <Product Id="${productCode}" UpgradeCode="{00000000-1111-2222-3333-00000000000B}" Name="Contoso App" Manufacturer="Contoso" Version="${version}" Language="1033">
    <Package InstallerVersion="200" Compressed="yes" Comments="A package for tests" />
    <Media Id="1" Cabinet="app.cab" EmbedCab="yes" />
    <Directory Id="TARGETDIR" Name="SourceDir"><Directory Id="ProgramFilesFolder"><Directory Id="INSTALLDIR" Name="Contoso">
      <Component Id="Main" Guid="{00000000-1111-2222-3333-00000000000C}"><File Id="TheFile" Name="file.txt" Source="file.txt" KeyPath="yes" /></Component>
    </Directory></Directory></Directory>
    <Feature Id="All" Level="1"><ComponentRef Id="Main" /></Feature>
  </Product>
</Wix>`,
    );
    execFileSync('wixl', ['-o', 'app.msi', 'app.wxs'], { cwd: folder, stdio: 'pipe' });
    return readFileSync(join(folder, 'app.msi'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
