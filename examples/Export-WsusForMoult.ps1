<#
.SYNOPSIS
Writes what "moult migrate wsus" takes over and "moult shadow" compares: groups, computers, approvals, updates, rules and
choices of a WSUS.

.DESCRIPTION
The script only reads. It calls nothing on the WSUS that changes anything there. Run it in Windows PowerShell 5.1 on the WSUS as a
member of "WSUS Administrators" or "WSUS Reporters", or on a computer with the WSUS console and -Server.

With -OffersOf and the name of a group, it also writes what the WSUS offers to each computer of the group, and what the
computer reported. WSUS works for seconds on each computer: name a small group.

It writes JSON files (UTF-8) into the folder. They have names of computers, groups and administrators: keep them as you
keep the database of the WSUS.

.EXAMPLE
.\Export-WsusForMoult.ps1 -Folder C:\wsus-export

.EXAMPLE
.\Export-WsusForMoult.ps1 -Folder C:\wsus-export -OffersOf Pilot
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)][string]$Folder,
    [string]$OffersOf,
    [string]$Server,
    [int]$Port = 8530,
    [switch]$UseSsl
)

$ErrorActionPreference = 'Stop'
[void][Reflection.Assembly]::LoadWithPartialName('Microsoft.UpdateServices.Administration')

function Format-Time($Time) {
    if ($null -eq $Time) { return $null }
    # WSUS keeps UTC. A time of unknown kind is UTC already.
    if ($Time.Kind -eq [DateTimeKind]::Local) { $Time = $Time.ToUniversalTime() }
    $Time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", [Globalization.CultureInfo]::InvariantCulture)
}

function Write-Records([string]$Name, [object[]]$Records) {
    $path = Join-Path $Folder "$Name.json"
    $text = if ($Records.Count -eq 0) { '[]' } else { ConvertTo-Json -InputObject $Records -Depth 5 }
    [IO.File]::WriteAllText($path, $text, (New-Object Text.UTF8Encoding $false))
    Write-Host "$Name.json: $($Records.Count)"
}

$wsus = if ($Server) {
    [Microsoft.UpdateServices.Administration.AdminProxy]::GetUpdateServer($Server, [bool]$UseSsl, $Port)
} else {
    [Microsoft.UpdateServices.Administration.AdminProxy]::GetUpdateServer()
}
[void](New-Item -ItemType Directory -Force -Path $Folder)
$Folder = (Resolve-Path $Folder).ProviderPath

$configuration = $wsus.GetConfiguration()
Write-Records 'server' @([pscustomobject]@{
    ServerName       = [string]$wsus.Name
    IsReplicaServer  = [bool]$configuration.IsReplicaServer
    TargetingMode    = [string]$configuration.TargetingMode
})

# A group has no property for its parent, and asking All Computers for one is an error.
$allComputers = 'a0a08746-4dbe-4a37-9adf-9e7652c0b421'
$groups = @($wsus.GetComputerTargetGroups())
Write-Records 'groups' @($groups | ForEach-Object {
    $parent = $null
    if ([string]$_.Id -ne $allComputers) { $parent = [string]$_.GetParentTargetGroup().Id }
    [pscustomobject]@{
        Id       = [string]$_.Id
        Name     = [string]$_.Name
        ParentId = $parent
    }
})

Write-Records 'computers' @($wsus.GetComputerTargets() | ForEach-Object {
    [pscustomobject]@{
        ComputerTargetId       = [string]$_.Id
        FullDomainName         = [string]$_.FullDomainName
        ComputerTargetGroupIds = @($_.ComputerTargetGroupIds | ForEach-Object { [string]$_ })
    }
})

$scope = New-Object Microsoft.UpdateServices.Administration.UpdateScope
$scope.ApprovedStates = [Microsoft.UpdateServices.Administration.ApprovedStates]::Any
Write-Records 'approvals' @($wsus.GetUpdateApprovals($scope) | ForEach-Object {
    [pscustomobject]@{
        UpdateId              = [string]$_.UpdateId.UpdateId
        RevisionNumber        = [int]$_.UpdateId.RevisionNumber
        ComputerTargetGroupId = [string]$_.ComputerTargetGroupId
        Action                = [string]$_.Action
        Deadline              = Format-Time $_.Deadline
        GoLiveTime            = Format-Time $_.GoLiveTime
        IsOptional            = [bool]$_.IsOptional
    }
})

# GetUpdates() without a scope has declined and expired updates, too.
Write-Records 'updates' @($wsus.GetUpdates() | Where-Object { $_.IsDeclined -or $_.IsApproved -or $_.HasStaleUpdateApprovals } | ForEach-Object {
    [pscustomobject]@{
        UpdateId         = [string]$_.Id.UpdateId
        Title            = [string]$_.Title
        IsDeclined       = [bool]$_.IsDeclined
        PublicationState = [string]$_.PublicationState
    }
})

Write-Records 'rules' @($wsus.GetInstallApprovalRules() | ForEach-Object {
    $deadline = $null
    if ($_.CanSetDeadline -and $_.Deadline) {
        $deadline = [pscustomobject]@{
            DayOffset            = [int]$_.Deadline.DayOffset
            MinutesAfterMidnight = [int]$_.Deadline.MinutesAfterMidnight
        }
    }
    [pscustomobject]@{
        Name                  = [string]$_.Name
        Enabled               = [bool]$_.Enabled
        Action                = [string]$_.Action
        UpdateClassifications = @($_.GetUpdateClassifications() | ForEach-Object { [string]$_.Id })
        Categories            = @($_.GetCategories() | ForEach-Object { [string]$_.Id })
        ComputerTargetGroups  = @($_.GetComputerTargetGroups() | ForEach-Object { [string]$_.Name })
        Deadline              = $deadline
    }
})

if ($OffersOf) {
    $chosen = @($groups | Where-Object { $_.Name -eq $OffersOf })
    if ($chosen.Count -ne 1) { throw "There is no group with the name $OffersOf." }
    $approved = New-Object Microsoft.UpdateServices.Administration.UpdateScope
    $approved.ApprovedStates = 'LatestRevisionApproved, HasStaleUpdateApprovals'
    Write-Records 'offers' @($chosen | ForEach-Object { $_.GetComputerTargets() } | ForEach-Object {
        $computer = [string]$_.Id
        $_.GetUpdateInstallationInfoPerUpdate($approved) | ForEach-Object {
            [pscustomobject]@{
                ComputerTargetId            = $computer
                UpdateId                    = [string]$_.UpdateId
                UpdateApprovalAction        = [string]$_.UpdateApprovalAction
                UpdateApprovalTargetGroupId = [string]$_.UpdateApprovalTargetGroupId
                UpdateInstallationState     = [string]$_.UpdateInstallationState
            }
        }
    })
}

$subscription = $wsus.GetSubscription()
Write-Records 'subscription' @([pscustomobject]@{
    Products        = @($subscription.GetUpdateCategories() | ForEach-Object { [string]$_.Id })
    Classifications = @($subscription.GetUpdateClassifications() | ForEach-Object { [string]$_.Id })
})

Write-Host "Done. Carry $Folder to the server, and run: moult migrate wsus FOLDER --dry-run, or: moult shadow FOLDER"
