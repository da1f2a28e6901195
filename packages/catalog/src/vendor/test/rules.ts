// Applicability rules as vendors write them, and what they become.

/** One of each kind that vendors use, as it has to be in a Core fragment. */
export const rules: [sdp: string, core: string][] = [
  ['<lar:And><lar:True /><lar:Not><lar:False /></lar:Not></lar:And>', '<And><True /><Not><False /></Not></And>'],
  ['<lar:Or><lar:True /></lar:Or>', '<Or><True /></Or>'],
  [
    '<bar:WindowsVersion Comparison="EqualTo" MajorVersion="6" ProductType="1" />',
    '<b.WindowsVersion Comparison="EqualTo" MajorVersion="6" ProductType="1" />',
  ],
  ['<bar:WindowsLanguage Language="en" />', '<b.WindowsLanguage Language="en" />'],
  ['<bar:MuiInstalled />', '<b.MuiInstalled />'],
  ['<bar:MuiLanguageInstalled Language="de" />', '<b.MuiLanguageInstalled Language="de" />'],
  ['<bar:Processor Architecture="9" />', '<b.Processor Architecture="9" />'],
  [
    '<bar:NumberOfProcessors Comparison="GreaterThan" Number="1" />',
    '<b.NumberOfProcessors Comparison="GreaterThan" Number="1" />',
  ],
  [
    '<bar:SystemMetric Comparison="EqualTo" Index="86" Value="1" />',
    '<b.SystemMetric Comparison="EqualTo" Index="86" Value="1" />',
  ],
  [
    `<bar:WmiQuery Namespace="root\\cimv2" WqlQuery="select * from Win32_BaseBoard where Product='18E7'" />`,
    `<b.WmiQuery Namespace="root\\cimv2" WqlQuery="select * from Win32_BaseBoard where Product='18E7'" />`,
  ],
  [
    '<bar:FileExists Path="a.exe" Csidl="38" Version="1.2" />',
    '<b.FileExists Path="a.exe" Csidl="38" Version="1.2" />',
  ],
  [
    '<bar:FileVersion Path="a.exe" Csidl="38" Comparison="LessThan" Version="1.2" />',
    '<b.FileVersion Path="a.exe" Csidl="38" Comparison="LessThan" Version="1.2" />',
  ],
  [
    '<bar:FileSize Path="a.exe" Comparison="EqualTo" Size="5" />',
    '<b.FileSize Path="a.exe" Comparison="EqualTo" Size="5" />',
  ],
  [
    '<bar:FileCreated Path="a.exe" Comparison="EqualTo" Created="2026-01-01T00:00:00" />',
    '<b.FileCreated Path="a.exe" Comparison="EqualTo" Created="2026-01-01T00:00:00" />',
  ],
  [
    '<bar:FileModified Path="a.exe" Comparison="EqualTo" Modified="2026-01-01T00:00:00" />',
    '<b.FileModified Path="a.exe" Comparison="EqualTo" Modified="2026-01-01T00:00:00" />',
  ],
  [
    '<bar:FileVersionPrependRegSz Key="HKEY_LOCAL_MACHINE" Subkey="S" Value="V" Path="a.exe" Comparison="EqualTo" Version="1" RegType32="true" />',
    '<b.FileVersionPrependRegSz Key="HKEY_LOCAL_MACHINE" Subkey="S" Value="V" Path="a.exe" Comparison="EqualTo" Version="1" RegType32="true" />',
  ],
  [
    '<bar:FileExistsPrependRegSz Key="HKEY_LOCAL_MACHINE" Subkey="S" Value="V" Path="a.exe" />',
    '<b.FileExistsPrependRegSz Key="HKEY_LOCAL_MACHINE" Subkey="S" Value="V" Path="a.exe" />',
  ],
  [
    '<bar:RegKeyExists Key="HKEY_LOCAL_MACHINE" Subkey="S" />',
    '<b.RegKeyExists Key="HKEY_LOCAL_MACHINE" Subkey="S" />',
  ],
  [
    '<bar:RegValueExists Key="HKEY_LOCAL_MACHINE" Subkey="S" Value="V" Type="REG_SZ" />',
    '<b.RegValueExists Key="HKEY_LOCAL_MACHINE" Subkey="S" Value="V" Type="REG_SZ" />',
  ],
  [
    '<bar:RegDword Key="HKEY_LOCAL_MACHINE" Subkey="S" Value="V" Comparison="EqualTo" Data="1" />',
    '<b.RegDword Key="HKEY_LOCAL_MACHINE" Subkey="S" Value="V" Comparison="EqualTo" Data="1" />',
  ],
  [
    '<bar:RegSz Key="HKEY_LOCAL_MACHINE" Subkey="S" Value="V" Comparison="BeginsWith" Data="a&amp;b" />',
    '<b.RegSz Key="HKEY_LOCAL_MACHINE" Subkey="S" Value="V" Comparison="BeginsWith" Data="a&amp;b" />',
  ],
  [
    '<bar:RegExpandSz Key="HKEY_LOCAL_MACHINE" Subkey="S" Value="V" Comparison="EqualTo" Data="a" />',
    '<b.RegExpandSz Key="HKEY_LOCAL_MACHINE" Subkey="S" Value="V" Comparison="EqualTo" Data="a" />',
  ],
  [
    '<bar:RegSzToVersion Key="HKEY_LOCAL_MACHINE" Subkey="S" Value="V" Comparison="LessThan" Data="2.0" />',
    '<b.RegSzToVersion Key="HKEY_LOCAL_MACHINE" Subkey="S" Value="V" Comparison="LessThan" Data="2.0" />',
  ],
  [
    '<bar:RegKeyLoop Key="HKEY_LOCAL_MACHINE" Subkey="S" TrueIf="Any"><bar:RegKeyExists Key="HKEY_LOOP_TARGET" Subkey="x" /></bar:RegKeyLoop>',
    '<b.RegKeyLoop Key="HKEY_LOCAL_MACHINE" Subkey="S" TrueIf="Any"><b.RegKeyExists Key="HKEY_LOOP_TARGET" Subkey="x" /></b.RegKeyLoop>',
  ],
  [
    '<msiar:MsiProductInstalled ProductCode="{00000000-0000-4000-8000-000000000001}" VersionMax="2.0" ExcludeVersionMax="true" />',
    '<m.MsiProductInstalled ProductCode="{00000000-0000-4000-8000-000000000001}" VersionMax="2.0" ExcludeVersionMax="true" />',
  ],
  [
    '<msiar:MsiFeatureInstalledForProduct AllFeaturesRequired="true"><msiar:Feature>Main</msiar:Feature><msiar:Product>{00000000-0000-4000-8000-000000000001}</msiar:Product></msiar:MsiFeatureInstalledForProduct>',
    '<m.MsiFeatureInstalledForProduct AllFeaturesRequired="true"><m.Feature>Main</m.Feature><m.Product>{00000000-0000-4000-8000-000000000001}</m.Product></m.MsiFeatureInstalledForProduct>',
  ],
  [
    '<msiar:MsiPatchInstalledForProduct PatchCode="{00000000-0000-4000-8000-000000000001}" ProductCode="{00000000-0000-4000-8000-000000000002}" />',
    '<m.MsiPatchInstalledForProduct PatchCode="{00000000-0000-4000-8000-000000000001}" ProductCode="{00000000-0000-4000-8000-000000000002}" />',
  ],
];
