// An administrative template of our own (MS-GPREG 2.2.2.2 and appendix B): two policies that write Windows' values. Its
// namespace is ours, because Windows passes over a second template of one namespace.
import { escapeXml } from '@moult/formats/text';
import type { ExportedFile } from './formats.ts';
import { auKey, type Pointing, policyKey } from './pointing.ts';

const schema = 'http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions';

/** The template, and its words in English with the server as the suggested text. */
export function admxFiles(pointing: Pointing): ExportedFile[] {
  return [
    { name: 'moult.admx', bytes: Buffer.from(template()) },
    { name: 'en-US/moult.adml', bytes: Buffer.from(words(pointing)) },
  ];
}

function template(): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<policyDefinitions xmlns="${schema}" revision="1.0" schemaVersion="1.0">
  <policyNamespaces>
    <target prefix="moult" namespace="Moult.Policies.UpdateServer"/>
  </policyNamespaces>
  <resources minRequiredRevision="1.0"/>
  <supportedOn>
    <definitions>
      <definition name="SUPPORTED_Any" displayName="$(string.SUPPORTED_Any)"/>
    </definitions>
  </supportedOn>
  <categories>
    <category name="Moult" displayName="$(string.Moult)"/>
  </categories>
  <policies>
    <policy name="UpdateServer" class="Machine" displayName="$(string.UpdateServer)" explainText="$(string.UpdateServer_Help)" presentation="$(presentation.UpdateServer)" key="${policyKey}">
      <parentCategory ref="Moult"/>
      <supportedOn ref="SUPPORTED_Any"/>
      <enabledList>
        <item key="${auKey}" valueName="UseWUServer">
          <value>
            <decimal value="1"/>
          </value>
        </item>
      </enabledList>
      <disabledList>
        <item key="${auKey}" valueName="UseWUServer">
          <value>
            <decimal value="0"/>
          </value>
        </item>
      </disabledList>
      <elements>
        <text id="WUServer" valueName="WUServer" required="true"/>
        <text id="WUStatusServer" valueName="WUStatusServer" required="true"/>
      </elements>
    </policy>
    <policy name="TargetGroup" class="Machine" displayName="$(string.TargetGroup)" explainText="$(string.TargetGroup_Help)" presentation="$(presentation.TargetGroup)" key="${policyKey}" valueName="TargetGroupEnabled">
      <parentCategory ref="Moult"/>
      <supportedOn ref="SUPPORTED_Any"/>
      <enabledValue>
        <decimal value="1"/>
      </enabledValue>
      <disabledValue>
        <decimal value="0"/>
      </disabledValue>
      <elements>
        <text id="TargetGroup" valueName="TargetGroup" required="true"/>
      </elements>
    </policy>
  </policies>
</policyDefinitions>
`;
}

function words({ server, group = '' }: Pointing): string {
  const [url, groups] = [escapeXml(server), escapeXml(group)];
  return `<?xml version="1.0" encoding="utf-8"?>
<policyDefinitionResources xmlns="${schema}" revision="1.0" schemaVersion="1.0">
  <displayName>Moult update server</displayName>
  <description>Points computers at an update server of your organization.</description>
  <resources>
    <stringTable>
      <string id="Moult">Moult update server</string>
      <string id="SUPPORTED_Any">Every Windows with Automatic Updates</string>
      <string id="UpdateServer">Specify the update server</string>
      <string id="UpdateServer_Help">Computers ask this server for updates and report to it. Write both addresses in the same way, without a slash at the end, for example http://server:8530. If you disable this policy, computers do not use the server.</string>
      <string id="TargetGroup">Specify the group of the computers</string>
      <string id="TargetGroup_Help">The server puts the computers into these groups. Write a semicolon between the names of several groups. The groups must exist on the server.</string>
    </stringTable>
    <presentationTable>
      <presentation id="UpdateServer">
        <textBox refId="WUServer">
          <label>Update server:</label>
          <defaultValue>${url}</defaultValue>
        </textBox>
        <textBox refId="WUStatusServer">
          <label>Server for reports:</label>
          <defaultValue>${url}</defaultValue>
        </textBox>
      </presentation>
      <presentation id="TargetGroup">
        <textBox refId="TargetGroup">
          <label>Groups:</label>
          <defaultValue>${groups}</defaultValue>
        </textBox>
      </presentation>
    </presentationTable>
  </resources>
</policyDefinitionResources>
`;
}
