<?php
// One scan with PHP's SoapClient, from the contracts that the server shows. Arguments: address of the server, 1.1 or 1.2.
// Prints one JSON line (scan.ts reads it) and ends with 0 when the scan came to its end.
[, $url, $version] = $argv;

function service(string $path): SoapClient {
    global $url, $version;
    return new SoapClient("$url$path?wsdl", [
        'soap_version' => $version === '1.2' ? SOAP_1_2 : SOAP_1_1,
        'cache_wsdl' => WSDL_CACHE_NONE,
        'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
        'exceptions' => true,
    ]);
}

function guid(): string {
    return preg_replace('/^(.{8})(.{4})(.{4})(.{4})(.{12})$/', '$1-$2-$3-$4-$5', bin2hex(random_bytes(16)));
}

$client = service('/ClientWebService/client.asmx');
$auth = service('/SimpleAuthWebService/SimpleAuth.asmx');
$reporting = service('/ReportingWebService/ReportingWebService.asmx');
$computerId = guid();
$name = "php-$version";
$now = gmdate('Y-m-d\TH:i:s\Z');

$config = $client->GetConfig(['protocolVersion' => '1.8'])->GetConfigResult;
$authorization = $auth->GetAuthorizationCookie(['clientId' => $computerId, 'dnsName' => $name])->GetAuthorizationCookieResult;
// A typed client: LastChange goes through a time in whole seconds.
$lastChange = gmdate('Y-m-d\TH:i:s\Z', strtotime($config->LastChange));
$cookie = $client->GetCookie([
    'authCookies' => ['AuthorizationCookie' => [$authorization]],
    'lastChange' => $lastChange,
    'currentTime' => $now,
    'protocolVersion' => '1.8',
])->GetCookieResult;
$client->RegisterComputer(['cookie' => $cookie, 'computerInfo' => [
    'DnsName' => $name, 'OSMajorVersion' => 10, 'OSMinorVersion' => 0, 'OSBuildNumber' => 26100,
    'OSServicePackMajorNumber' => 0, 'OSServicePackMinorNumber' => 0, 'OSLocale' => 'en-US',
    'BiosReleaseDate' => $now, 'ProcessorArchitecture' => 'AMD64', 'SuiteMask' => 256, 'OldProductType' => 1,
    'NewProductType' => 48, 'SystemMetrics' => 0, 'ClientVersionMajorNumber' => 10, 'ClientVersionMinorNumber' => 0,
    'ClientVersionBuildNumber' => 26100, 'ClientVersionQfeNumber' => 0,
]]);

$updates = [];
for ($pages = 0; $pages < 200;) {
    $answer = $client->SyncUpdates(['cookie' => $cookie, 'parameters' => [
        'ExpressQuery' => false,
        'InstalledNonLeafUpdateIDs' => ['int' => array_keys(array_filter($updates, fn($isLeaf) => !$isLeaf))],
        'OtherCachedUpdateIDs' => ['int' => array_keys(array_filter($updates))],
        'SkipSoftwareSync' => false,
        'NeedTwoGroupOutOfScopeUpdates' => true,
    ]])->SyncUpdatesResult;
    $pages++;
    $cookie = $answer->NewCookie;
    $fresh = $answer->NewUpdates->UpdateInfo ?? [];
    foreach ($fresh as $info) $updates[$info->ID] = $info->IsLeaf;
    if (count($fresh) === 0) break;
}
$extended = $client->GetExtendedUpdateInfo([
    'cookie' => $cookie,
    'revisionIDs' => ['int' => array_slice(array_keys(array_filter($updates)), 0, 50)],
    'infoTypes' => ['XmlUpdateFragmentType' => ['Extended']],
    'locales' => ['string' => ['en']],
])->GetExtendedUpdateInfoResult;

$version10 = ['Major' => 10, 'Minor' => 0, 'Build' => 26100, 'Revision' => 0, 'ServicePackMajor' => 0, 'ServicePackMinor' => 0];
$reported = $reporting->ReportEventBatch(['cookie' => $cookie, 'clientTime' => $now, 'eventBatch' => ['ReportingEvent' => [[
    'BasicData' => [
        'TargetID' => ['Sid' => $computerId], 'SequenceNumber' => 0, 'TimeAtTarget' => $now,
        'EventInstanceID' => guid(), 'NamespaceID' => 1, 'EventID' => 147, 'SourceID' => 101,
        'UpdateID' => ['UpdateID' => '00000000-0000-0000-0000-000000000000', 'RevisionNumber' => 0],
        'Win32HResult' => 0, 'AppName' => 'php',
    ],
    'ExtendedData' => [
        'ReplacementStrings' => ['string' => ['0']], 'ProcessorArchitecture' => 'Amd64Compatible',
        'OSVersion' => $version10, 'OSLocaleID' => 1033,
    ],
    'PrivateData' => ['ComputerDnsName' => '', 'UserAccountName' => ''],
]]]])->ReportEventBatchResult;

echo json_encode([
    'updates' => count($updates), 'pages' => $pages,
    'extended' => count($extended->Updates->Update ?? []), 'reported' => $reported,
]), "\n";
