# Commands with the names and parameters of the module UpdateServices, over the API of a Moult server. docs/powershell.md says what
# differs. Windows PowerShell 5.1 or PowerShell 7.

Set-StrictMode -Version 2.0

# Each operation that the module calls. A test compares it with the table of the API.
$script:Operations = @{
    addToGroup              = 'PUT /groups/{group}/computers/{computer}'
    approveUpdates          = 'POST /approvals'
    changeSyncChoices       = 'POST /sync/choices/{kind}'
    declineMatchingUpdates  = 'POST /bulk/declines'
    declineUpdates          = 'POST /declines'
    listComputers           = 'GET /computers'
    listSyncChoices         = 'GET /sync/choices/{kind}'
    listUpdates             = 'GET /updates'
    readStatus              = 'GET /status'
    runCleanup              = 'POST /cleanup'
}

# The server of the last Get-WsusServer.
$script:Server = $null

function Get-WsusServer {
    <#
    .SYNOPSIS
    Connects to a Moult server. The other commands use the server of the last call.
    .EXAMPLE
    Get-WsusServer -Name moult.example.org -PortNumber 8531 -UseSsl -Token (Read-Host -AsSecureString)
    #>
    [CmdletBinding(DefaultParameterSetName = 'DefaultServer')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true, Position = 0, ParameterSetName = 'ServerSpecified')]
        [string]$Name,
        [Parameter(Mandatory = $true, ParameterSetName = 'ServerSpecified')]
        [int]$PortNumber,
        [Parameter(ParameterSetName = 'ServerSpecified')]
        [switch]$UseSsl,
        # As "moult tokens add" prints it. Without it: the variable MOULT_TOKEN of the environment.
        [Parameter(ParameterSetName = 'ServerSpecified')]
        [securestring]$Token
    )
    process {
        if ($PSCmdlet.ParameterSetName -eq 'DefaultServer') { return Resolve-Server $null }
        $isLocal = $Name -match '^(localhost|127\.\d+\.\d+\.\d+|::1)$'
        if (-not $UseSsl -and -not $isLocal) {
            throw 'A token must not go over HTTP, because others on the network can read it. Use -UseSsl and port 8531.'
        }
        $word = $env:MOULT_TOKEN
        if ($Token) { $word = (New-Object Net.NetworkCredential '', $Token).Password }
        if ([string]$word -notmatch '^[\w-]{1,256}$') {
            throw 'Give -Token, or set MOULT_TOKEN. A token is one word, as "moult tokens add" prints it.'
        }
        $scheme = if ($UseSsl) { 'https' } else { 'http' }
        $text = if ($Name -match ':') { "[$Name]" } else { $Name }
        $server = [pscustomobject]@{
            PSTypeName                       = 'Moult.UpdateServer'
            Name                             = $Name
            PortNumber                       = $PortNumber
            Version                          = ''
            IsConnectionSecureForApiRemoting = [bool]$UseSsl
            Url                              = "${scheme}://${text}:$PortNumber"
        }
        # Not a property: the token is in no output.
        Add-Member -InputObject $server -MemberType ScriptMethod -Name GetToken -Value ({ $word }.GetNewClosure())
        $server.Version = (Invoke-Operation $server 'readStatus').version
        $script:Server = $server
        $server
    }
}

function Get-WsusUpdate {
    <#
    .SYNOPSIS
    Lists updates, without declined ones unless -Approval says so.
    .EXAMPLE
    Get-WsusUpdate -Classification Security -Approval Unapproved -Status Needed
    #>
    [CmdletBinding(DefaultParameterSetName = 'Scoped')]
    param(
        [Parameter(ValueFromPipeline = $true)]
        [object]$UpdateServer,
        [Parameter(Mandatory = $true, ParameterSetName = 'ID')]
        [guid]$UpdateId,
        [Parameter(ParameterSetName = 'Scoped')]
        [ValidateSet('All', 'Critical', 'Security')]
        [string]$Classification = 'All',
        [Parameter(ParameterSetName = 'Scoped')]
        [ValidateSet('Approved', 'Unapproved', 'AnyExceptDeclined', 'Declined')]
        [string]$Approval = 'AnyExceptDeclined',
        [Parameter(ParameterSetName = 'Scoped')]
        [ValidateSet('Any', 'Needed', 'Failed', 'FailedOrNeeded')]
        [string]$Status = 'Any'
    )
    process {
        $server = Resolve-Server $UpdateServer
        $query = @{}
        if ($PSCmdlet.ParameterSetName -eq 'ID') {
            $query.id = [string]$UpdateId
        } else {
            if ($Classification -eq 'Critical') { $query.classification = 'e6cf1350-c01b-414d-a61f-263d14d133b4' }
            if ($Classification -eq 'Security') { $query.classification = '0fa1201d-4330-4fa8-8ae9-b877473b6441' }
            if ($Approval -ne 'AnyExceptDeclined') { $query.approval = $Approval.ToLowerInvariant() }
            if ($Status -eq 'Needed') { $query.needed = 'true' }
            if ($Status -eq 'Failed') { $query.failed = 'true' }
        }
        $isScoped = $PSCmdlet.ParameterSetName -eq 'Scoped'
        foreach ($update in (Read-Pages $server 'listUpdates' $query)) {
            if ($isScoped -and $Approval -eq 'AnyExceptDeclined' -and $update.approval -eq 'declined') { continue }
            $needed = [int](Get-Value $update 'needed')
            $failed = [int](Get-Value $update 'failed')
            if ($isScoped -and $Status -eq 'FailedOrNeeded' -and $needed -eq 0 -and $failed -eq 0) { continue }
            [pscustomobject]@{
                PSTypeName                   = 'Moult.WsusUpdate'
                Update                       = [pscustomobject]@{
                    Id                        = [pscustomobject]@{
                        UpdateId       = [guid]$update.updateId
                        RevisionNumber = $update.revisionNumber
                    }
                    Title                     = $update.title
                    KnowledgebaseArticles     = @($update.articles)
                    MsrcSeverity              = $update.severity
                    UpdateClassificationTitle = Get-Value $update 'classification'
                    ProductTitles             = @($update.products)
                    ArrivalDate               = ConvertTo-Time $update.importedAt
                    IsApproved                = $update.approval -eq 'approved'
                    IsDeclined                = $update.approval -eq 'declined'
                    IsSuperseded              = $update.isSuperseded
                    PublicationState          = $(if ($update.isExpired) { 'Expired' } else { 'Published' })
                }
                Classification               = Get-Value $update 'classification'
                Approved                     = $update.approval
                ComputersNeedingThisUpdate   = $needed
                ComputersWithErrors          = $failed
                Products                     = @($update.products)
                UpdateId                     = $update.updateId
                Approvals                    = @($update.decisions)
                UpdateServer                 = $server
            }
        }
    }
}

function Approve-WsusUpdate {
    <#
    .SYNOPSIS
    Approves an update for a group. -Action NotApproved: its computers report whether they need it, and nothing is offered.
    .EXAMPLE
    Get-WsusUpdate -Approval Unapproved | Approve-WsusUpdate -Action Install -TargetGroupName Pilot
    #>
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true)]
        [object]$Update,
        [Parameter(Mandatory = $true)]
        [ValidateSet('Install', 'Uninstall', 'NotApproved')]
        [string]$Action,
        [Parameter(Mandatory = $true)]
        [string]$TargetGroupName
    )
    process {
        if (-not $PSCmdlet.ShouldProcess("$($Update.Update.Title) for $TargetGroupName", $Action)) { return }
        $body = @{ updates = @($Update.UpdateId); groups = @($TargetGroupName) }
        $body.action = if ($Action -eq 'NotApproved') { 'PreDeploymentCheck' } else { $Action }
        Invoke-Change $Update.UpdateServer 'approveUpdates' $body | Out-Null
    }
}

function Deny-WsusUpdate {
    <#
    .SYNOPSIS
    Declines an update.
    .EXAMPLE
    Get-WsusUpdate -UpdateId $id | Deny-WsusUpdate
    #>
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true)]
        [object]$Update
    )
    process {
        if (-not $PSCmdlet.ShouldProcess($Update.Update.Title, 'Decline')) { return }
        $body = @{ updates = @($Update.UpdateId) }
        Invoke-Change $Update.UpdateServer 'declineUpdates' $body | Out-Null
    }
}

function Get-WsusComputer {
    <#
    .SYNOPSIS
    Lists computers.
    .EXAMPLE
    Get-WsusComputer -ComputerTargetGroups Pilot -IncludeSubgroups -ToLastSyncTime (Get-Date).AddDays(-30)
    #>
    [CmdletBinding(DefaultParameterSetName = 'AllComputers')]
    param(
        [Parameter(ValueFromPipeline = $true)]
        [object]$UpdateServer,
        [Parameter(ParameterSetName = 'AllComputers')]
        [switch]$All,
        [Parameter(ParameterSetName = 'Scoped')]
        [string]$NameIncludes,
        [Parameter(ParameterSetName = 'Scoped')]
        [string[]]$ComputerTargetGroups,
        [Parameter(ParameterSetName = 'Scoped')]
        [switch]$IncludeSubgroups,
        [Parameter(ParameterSetName = 'Scoped')]
        [ValidateSet('Any', 'Needed', 'Failed', 'FailedOrNeeded')]
        [string]$ComputerUpdateStatus = 'Any',
        [Parameter(ParameterSetName = 'Scoped')]
        [datetime]$FromLastSyncTime,
        [Parameter(ParameterSetName = 'Scoped')]
        [datetime]$ToLastSyncTime,
        [Parameter(ParameterSetName = 'Scoped')]
        [datetime]$FromLastReportedStatusTime,
        [Parameter(ParameterSetName = 'Scoped')]
        [datetime]$ToLastReportedStatusTime,
        [Parameter(ParameterSetName = 'Scoped')]
        [string[]]$RequestedTargetGroupNames
    )
    process {
        $server = Resolve-Server $UpdateServer
        $query = @{}
        if ($NameIncludes) { $query.search = $NameIncludes }
        if ($ComputerTargetGroups) { $query.group = $ComputerTargetGroups }
        if ($IncludeSubgroups) { $query.below = 'true' }
        if ($ComputerUpdateStatus -eq 'Needed') { $query.needed = 'true' }
        if ($ComputerUpdateStatus -eq 'Failed') { $query.failed = 'true' }
        foreach ($computer in (Read-Pages $server 'listComputers' $query)) {
            $sync = ConvertTo-Time (Get-Value $computer 'lastSync')
            $report = ConvertTo-Time (Get-Value $computer 'lastReport')
            if ($ComputerUpdateStatus -eq 'FailedOrNeeded' -and $computer.needed -eq 0 -and $computer.failed -eq 0) { continue }
            $given = $PSBoundParameters
            if (-not (Test-Between $sync $given['FromLastSyncTime'] $given['ToLastSyncTime'])) { continue }
            if (-not (Test-Between $report $given['FromLastReportedStatusTime'] $given['ToLastReportedStatusTime'])) { continue }
            $asked = @($computer.requestedGroups)
            if ($RequestedTargetGroupNames -and -not ($asked | Where-Object { $RequestedTargetGroupNames -contains $_ })) { continue }
            [pscustomobject]@{
                PSTypeName                = 'Moult.WsusComputer'
                Id                        = $computer.computerId
                FullDomainName            = $computer.dnsName
                IPAddress                 = $computer.address
                OSDescription             = Get-Value $computer 'osName'
                ClientVersion             = Get-Value $computer 'agentVersion'
                LastSyncTime              = $sync
                LastReportedStatusTime    = $report
                RequestedTargetGroupNames = $asked
                ComputerTargetGroups      = @($computer.groups)
                ComputerUpdatesNeeded     = $computer.needed
                ComputerUpdatesFailed     = $computer.failed
                UpdateServer              = $server
            }
        }
    }
}

function Add-WsusComputer {
    <#
    .SYNOPSIS
    Adds a computer to a group. It stays in its other groups.
    .EXAMPLE
    Get-WsusComputer -NameIncludes pc-1 | Add-WsusComputer -TargetGroupName Pilot
    #>
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true)]
        [object]$Computer,
        [Parameter(Mandatory = $true)]
        [string]$TargetGroupName
    )
    process {
        if (-not $PSCmdlet.ShouldProcess($Computer.FullDomainName, "Add to $TargetGroupName")) { return }
        $path = @{ group = $TargetGroupName; computer = $Computer.Id }
        Invoke-Operation $Computer.UpdateServer 'addToGroup' -Path $path | Out-Null
    }
}

function Get-WsusProduct {
    <#
    .SYNOPSIS
    Lists products that the upstream server offers.
    #>
    [CmdletBinding()]
    param(
        [Parameter(ValueFromPipeline = $true)]
        [object]$UpdateServer,
        [string]$TitleIncludes
    )
    process {
        foreach ($choice in (Read-Choices $UpdateServer 'product' $TitleIncludes)) {
            [pscustomobject]@{ PSTypeName = 'Moult.WsusProduct'; Product = $choice; UpdateServer = Resolve-Server $UpdateServer }
        }
    }
}

function Set-WsusProduct {
    <#
    .SYNOPSIS
    Chooses a product for synchronisations, or with -Disable removes it from the choice.
    #>
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true)]
        [object]$Product,
        [switch]$Disable
    )
    process {
        if (-not $PSCmdlet.ShouldProcess($Product.Product.Title)) { return }
        Set-Choice $Product.UpdateServer 'product' $Product.Product.Id $Disable
    }
}

function Get-WsusClassification {
    <#
    .SYNOPSIS
    Lists classifications that the upstream server offers.
    #>
    [CmdletBinding()]
    param(
        [Parameter(ValueFromPipeline = $true)]
        [object]$UpdateServer,
        [string]$TitleIncludes
    )
    process {
        foreach ($choice in (Read-Choices $UpdateServer 'classification' $TitleIncludes)) {
            [pscustomobject]@{ PSTypeName = 'Moult.WsusClassification'; Classification = $choice; UpdateServer = Resolve-Server $UpdateServer }
        }
    }
}

function Set-WsusClassification {
    <#
    .SYNOPSIS
    Chooses a classification for synchronisations, or with -Disable removes it from the choice.
    #>
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true)]
        [object]$Classification,
        [switch]$Disable
    )
    process {
        if (-not $PSCmdlet.ShouldProcess($Classification.Classification.Title)) { return }
        Set-Choice $Classification.UpdateServer 'classification' $Classification.Classification.Id $Disable
    }
}

function Invoke-WsusServerCleanup {
    <#
    .SYNOPSIS
    Declines and removes what nobody needs any more, as the switches say.
    .EXAMPLE
    Invoke-WsusServerCleanup -DeclineExpiredUpdates -CleanupObsoleteUpdates -WhatIf
    #>
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param(
        [Parameter(ValueFromPipeline = $true)]
        [object]$UpdateServer,
        [switch]$CleanupObsoleteComputers,
        [switch]$CleanupObsoleteUpdates,
        [switch]$CleanupUnneededContentFiles,
        [switch]$CompressUpdates,
        [switch]$DeclineExpiredUpdates,
        [switch]$DeclineSupersededUpdates
    )
    process {
        $server = Resolve-Server $UpdateServer
        if ($DeclineExpiredUpdates -and $PSCmdlet.ShouldProcess($server.Url, 'Decline expired updates')) {
            Deny-Matching $server @{ expired = $true; approval = 'unapproved' }
        }
        if ($DeclineSupersededUpdates -and $PSCmdlet.ShouldProcess($server.Url, 'Decline superseded updates that no computer needs')) {
            Deny-Matching $server @{ superseded = $true; approval = 'unapproved'; needed = $false }
        }
        $tasks = @()
        if ($CleanupObsoleteUpdates) { $tasks += 'declined-updates' }
        if ($CompressUpdates) { $tasks += 'old-revisions' }
        if ($CleanupUnneededContentFiles) { $tasks += 'content' }
        if ($CleanupObsoleteComputers) { $tasks += 'computers' }
        if ($tasks.Count -eq 0 -or -not $PSCmdlet.ShouldProcess($server.Url, "Remove $($tasks -join ', ')")) { return }
        $body = @{ tasks = $tasks }
        if ($CleanupObsoleteComputers) { $body.computerDays = 30 }
        $answer = Invoke-Change $server 'runCleanup' $body
        foreach ($part in @(Get-Value $answer 'parts')) { if ($part) { "$($part.task): $($part.items)" } }
    }
}

# What the commands share.

function Resolve-Server($Given) {
    if ($Given) { return $Given }
    if ($script:Server) { return $script:Server }
    throw 'Connect first: Get-WsusServer -Name SERVER -PortNumber 8531 -UseSsl'
}

# Documents leave out what they do not know.
function Get-Value($Object, [string]$Name) {
    if ($null -ne $Object -and $Object.PSObject.Properties[$Name]) { $Object.$Name }
}

# Windows PowerShell leaves times as texts, PowerShell 7 reads them. Both are UTC here.
function ConvertTo-Time($Value) {
    if ($null -eq $Value) { return $null }
    if ($Value -is [datetime]) { return $Value.ToUniversalTime() }
    [datetime]::Parse($Value, [Globalization.CultureInfo]::InvariantCulture, [Globalization.DateTimeStyles]::AdjustToUniversal)
}

function Test-Between($Time, $From, $To) {
    if ($null -eq $From -and $null -eq $To) { return $true }
    if ($null -eq $Time) { return $false }
    if ($null -ne $From -and $Time -lt ([datetime]$From).ToUniversalTime()) { return $false }
    $null -eq $To -or $Time -le ([datetime]$To).ToUniversalTime()
}

function Read-Choices($UpdateServer, [string]$Kind, [string]$TitleIncludes) {
    $server = Resolve-Server $UpdateServer
    foreach ($item in @((Invoke-Operation $server 'listSyncChoices' -Path @{ kind = $Kind }).items)) {
        $isWanted = -not $TitleIncludes -or $item.name.IndexOf($TitleIncludes, [StringComparison]::OrdinalIgnoreCase) -ge 0
        if ($isWanted) { [pscustomobject]@{ Id = $item.id; Title = $item.name; IsChosen = $item.isChosen } }
    }
}

function Set-Choice($UpdateServer, [string]$Kind, [string]$Id, [bool]$IsOff) {
    $body = @{}
    if ($IsOff) { $body.remove = @($Id) } else { $body.add = @($Id) }
    Invoke-Operation $UpdateServer 'changeSyncChoices' -Path @{ kind = $Kind } -Body $body | Out-Null
}

function Deny-Matching($UpdateServer, [hashtable]$Filter) {
    $query = @{ limit = 1 }
    foreach ($name in $Filter.Keys) { $query[$name] = ([string]$Filter[$name]).ToLowerInvariant() }
    $body = @{ filter = $Filter; expected = (Invoke-Operation $UpdateServer 'listUpdates' -Query $query).total; skipRefused = $true }
    $answer = Invoke-Change $UpdateServer 'declineMatchingUpdates' $body
    $count = Get-Value $answer 'count'
    if ($null -ne $count) { "declined updates: $count" }
}

function Read-Pages($UpdateServer, [string]$Operation, [hashtable]$Query) {
    $Query.limit = 200
    do {
        $page = Invoke-Operation $UpdateServer $Operation -Query $Query
        $page.items
        $Query.cursor = $page.next
    } while ($page.next -and @($page.items).Count -gt 0)
}

# A change that may wait for a second person: it says so.
function Invoke-Change($UpdateServer, [string]$Operation, [hashtable]$Body) {
    $answer = Invoke-Operation $UpdateServer $Operation -Body $Body
    $request = Get-Value $answer 'requestId'
    if ($request) {
        Write-Warning "Nothing has changed yet: this waits for a second person. That person runs: moult requests confirm $request"
    }
    $answer
}

function Invoke-Operation($UpdateServer, [string]$Operation, [hashtable]$Path = @{}, [hashtable]$Query = @{}, [hashtable]$Body) {
    $method, $address = $script:Operations[$Operation].Split(' ')
    foreach ($name in $Path.Keys) { $address = $address.Replace("{$name}", [uri]::EscapeDataString([string]$Path[$name])) }
    $pairs = @(foreach ($name in $Query.Keys) {
        foreach ($value in @($Query[$name])) {
            if ($null -ne $value) { "$name=" + [uri]::EscapeDataString([string]$value) }
        }
    })
    $search = if ($pairs.Count -gt 0) { '?' + ($pairs -join '&') } else { '' }
    $request = @{
        Uri                = "$($UpdateServer.Url)/api/v1$address$search"
        Method             = $method
        Headers            = @{ Authorization = "Bearer $($UpdateServer.GetToken())"; Accept = 'application/json' }
        UseBasicParsing    = $true
        TimeoutSec         = 300
        # A redirection leads to another server, which must not get the token.
        MaximumRedirection = 0
        ErrorAction        = 'Stop'
    }
    if ($null -ne $Body) {
        $request.Body = [Text.Encoding]::UTF8.GetBytes((ConvertTo-Json -InputObject $Body -Depth 5 -Compress))
        $request.ContentType = 'application/json'
    }
    if ($PSVersionTable.PSVersion.Major -lt 6) {
        [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
    }
    try {
        Invoke-RestMethod @request
    } catch {
        throw (Get-Refusal $_)
    }
}

# The code and the words of the server, or what PowerShell says.
function Get-Refusal($Failure) {
    $text = [string]$Failure.ErrorDetails
    try {
        $problem = ConvertFrom-Json -InputObject $text
        if (Get-Value $problem 'code') { return "$($problem.code): $($problem.detail)" }
    } catch {
        Write-Debug "The answer is not a problem document: $text"
    }
    $Failure.Exception.Message
}
