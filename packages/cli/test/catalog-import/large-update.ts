// An update document like the largest there are: a cumulative update, nearly all of it the manifest of its packages.

const namespace = 'http://schemas.microsoft.com/msus/2002/12';

/** In pieces; together about `bytes` long. Titles in several scripts: as one text it takes two bytes a character. */
export function* largeUpdate(
  bytes: number,
  { updateId = '00000000-0000-0000-0000-00000000000a', components = 'a' } = {},
) {
  yield `<upd:Update xmlns:upd="${namespace}/Update" xmlns:bar="${namespace}/BaseApplicabilityRules" xmlns:lar="${namespace}/LogicalApplicabilityRules" xmlns:cbs="${namespace}/UpdateHandlers/Cbs" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">`;
  yield `<upd:UpdateIdentity UpdateID="${updateId}" RevisionNumber="200" /><upd:Properties UpdateType="Software" ExplicitlyDeployable="true" DefaultPropertiesLanguage="en" Handler="${namespace}/UpdateHandlers/Cbs"><upd:InstallationBehavior RebootBehavior="CanRequestReboot" /></upd:Properties>`;
  yield '<upd:LocalizedPropertiesCollection><upd:LocalizedProperties><upd:Language>en</upd:Language><upd:Title>Cumulative update</upd:Title></upd:LocalizedProperties>';
  yield '<upd:LocalizedProperties><upd:Language>zh-cn</upd:Language><upd:Title>累积更新 😀</upd:Title></upd:LocalizedProperties></upd:LocalizedPropertiesCollection>';
  yield '<upd:ApplicabilityRules><upd:IsInstalled><lar:And><cbs:CbsPackageInstalled /><lar:Not><bar:RegDword Key="HKEY_LOCAL_MACHINE" Subkey="SOFTWARE\\X" Value="LCUReoffer" Comparison="EqualTo" Data="1" /></lar:Not></lar:And></upd:IsInstalled><upd:IsInstallable><cbs:CbsPackageInstallable /></upd:IsInstallable>';
  yield '<upd:Metadata><cbs:CbsPackageApplicabilityMetadata><assembly xmlns="urn:schemas-microsoft-com:asm.v3" manifestVersion="1.0" description="Fix for KB5000001"><assemblyIdentity name="Package_for_RollupFix" version="26100.1.1.1" processorArchitecture="amd64" language="neutral" publicKeyToken="31bf3856ad364e35" /><package identifier="KB5000001" releaseType="Security Update" restart="possible">';
  let written = 0;
  for (let at = 0; written < bytes - 4000; at++) {
    const component = `<update name="5000001-${at}_neutral_GDR"><component><assemblyIdentity name="${components}-component-${(at * 2_654_435_761) >>> 0}-deployment" version="10.0.26100.${at}" processorArchitecture="amd64" language="neutral" buildType="release" publicKeyToken="31bf3856ad364e35" versionScope="nonSxS" /></component></update>`;
    written += component.length;
    yield component;
  }
  yield '</package></assembly></cbs:CbsPackageApplicabilityMetadata></upd:Metadata></upd:ApplicabilityRules>';
  yield `<upd:Files><upd:File Digest="${Buffer.alloc(20, 1).toString('base64')}" DigestAlgorithm="SHA1" FileName="Windows11.0-KB5000001-x64.cab" Size="123456" Modified="2024-01-01T00:00:00Z"><upd:AdditionalDigest Algorithm="SHA256">${Buffer.alloc(32, 2).toString('base64')}</upd:AdditionalDigest></upd:File></upd:Files>`;
  yield '<upd:HandlerSpecificData xsi:type="cbs:Cbs"><cbs:CbsData PackageIdentity="" /></upd:HandlerSpecificData></upd:Update>';
}
